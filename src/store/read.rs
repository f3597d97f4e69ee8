//! Typed reads. A snapshot ([`View`]) and the writer's transaction ([`crate::store::Tx`]) read the same way.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::domain::id::WorkspaceId;
use crate::store::engine::{EngineError, KeyRange, Order, Read, Snapshot};
use crate::store::key::{Key, KeyPart};
use crate::store::readers::Reading;
use crate::store::record::{Record, RecordError};
use crate::store::scope::WorkspaceScope;
use crate::store::tables::{Counters, InstallTable, TenantTable};

/// What can go wrong when rows are read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("row of table {table} with key {key} is damaged: {source}")]
    Damaged { table: &'static str, key: String, source: RecordError },
    #[error("key {key} of table {table} is damaged")]
    DamagedKey { table: &'static str, key: String },
}

/// Visits a row; `Break` ends the scan.
pub type Visit<'v, K, V> = &'v mut dyn FnMut(K, V) -> ControlFlow<()>;

/// Typed reads over anything that reads bytes.
pub trait Reads {
    fn raw(&self) -> &dyn Read;

    fn get<T: TenantTable>(&self, scope: &WorkspaceScope, rest: T::Rest) -> Result<Option<T::Value>, StoreError> {
        let key = tenant_key(scope, &rest);
        self.raw().get(T::ID, &key)?.map(|bytes| value::<T::Value>(T::NAME, &key, &bytes)).transpose()
    }

    /// The values of many keys, in their order.
    fn get_many<T: TenantTable>(
        &self,
        scope: &WorkspaceScope,
        rests: impl IntoIterator<Item = T::Rest>,
    ) -> Result<Vec<Option<T::Value>>, StoreError> {
        rests.into_iter().map(|rest| self.get::<T>(scope, rest)).collect()
    }

    fn has<T: TenantTable>(&self, scope: &WorkspaceScope, rest: T::Rest) -> Result<bool, StoreError> {
        Ok(self.raw().get(T::ID, &tenant_key(scope, &rest))?.is_some())
    }

    /// Visits the rows whose key starts with `prefix` (the first parts of the rest of the key).
    fn scan<T: TenantTable>(
        &self,
        scope: &WorkspaceScope,
        prefix: &impl Key,
        order: Order,
        visit: Visit<'_, T::Rest, T::Value>,
    ) -> Result<(), StoreError> {
        let range = KeyRange::prefix(&tenant_key(scope, prefix));
        scan_bytes(self.raw(), T::ID, T::NAME, 8, &range, order, visit)
    }

    /// As `scan`, from behind (in the direction of the scan) the row with key `after`.
    fn scan_after<T: TenantTable>(
        &self,
        scope: &WorkspaceScope,
        prefix: &impl Key,
        after: &T::Rest,
        order: Order,
        visit: Visit<'_, T::Rest, T::Value>,
    ) -> Result<(), StoreError> {
        let (prefix, after) = (tenant_key(scope, prefix), tenant_key(scope, after));
        let range = match order {
            Order::Ascending => KeyRange::prefix_after(&prefix, &after),
            Order::Descending => KeyRange::prefix_before(&prefix, &after),
        };
        scan_bytes(self.raw(), T::ID, T::NAME, 8, &range, order, visit)
    }

    /// Visits the rows with `first <= key <= last`, ascending.
    fn scan_between<T: TenantTable>(
        &self,
        scope: &WorkspaceScope,
        first: &T::Rest,
        last: &T::Rest,
        visit: Visit<'_, T::Rest, T::Value>,
    ) -> Result<(), StoreError> {
        let range = KeyRange {
            start: Bound::Included(tenant_key(scope, first)),
            end: Bound::Included(tenant_key(scope, last)),
        };
        scan_bytes(self.raw(), T::ID, T::NAME, 8, &range, Order::Ascending, visit)
    }

    /// Visits the rows of all workspaces: for `check` and for views that are built anew.
    fn scan_all<T: TenantTable>(
        &self,
        visit: &mut dyn FnMut(WorkspaceId, T::Rest, T::Value) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let range = KeyRange::all();
        scan_bytes(self.raw(), T::ID, T::NAME, 0, &range, Order::Ascending, &mut |key: Tenant<T::Rest>, value| {
            visit(key.workspace, key.rest, value)
        })
    }

    fn get_install<T: InstallTable>(&self, key: T::Key) -> Result<Option<T::Value>, StoreError> {
        let key = key.encode();
        self.raw().get(T::ID, &key)?.map(|bytes| value::<T::Value>(T::NAME, &key, &bytes)).transpose()
    }

    fn scan_install<T: InstallTable>(
        &self,
        prefix: &impl Key,
        order: Order,
        visit: Visit<'_, T::Key, T::Value>,
    ) -> Result<(), StoreError> {
        scan_bytes(self.raw(), T::ID, T::NAME, 0, &KeyRange::prefix(&prefix.encode()), order, visit)
    }

    /// The rows behind `after`, ascending, as long as they start with `prefix`.
    fn scan_install_after<T: InstallTable>(
        &self,
        prefix: &impl Key,
        after: &T::Key,
        visit: Visit<'_, T::Key, T::Value>,
    ) -> Result<(), StoreError> {
        let range = KeyRange::prefix_after(&prefix.encode(), &after.encode());
        scan_bytes(self.raw(), T::ID, T::NAME, 0, &range, Order::Ascending, visit)
    }

    /// A counter as last folded into its row.
    fn stored_counter(&self, scope: &WorkspaceScope, kind: u8, subject: u64) -> Result<i64, StoreError> {
        Ok(self.get::<Counters>(scope, (kind, subject))?.unwrap_or(0))
    }
}

/// Whether bytes are the key and the value they should be.
pub(in crate::store) fn readable<K: Key, V: Record>(
    table: &'static str,
    key: &[u8],
    bytes: &[u8],
) -> Result<(), StoreError> {
    if K::decode(key).is_none() {
        return Err(StoreError::DamagedKey { table, key: hex(key) });
    }
    value::<V>(table, key, bytes).map(drop)
}

/// A tenant key with its workspace.
pub(in crate::store) struct Tenant<R> {
    workspace: WorkspaceId,
    rest: R,
}

impl<R: Key> Key for Tenant<R> {
    fn put_key(&self, out: &mut Vec<u8>) {
        KeyPart::put(&self.workspace, out);
        self.rest.put_key(out);
    }
    fn take_key(input: &mut &[u8]) -> Option<Self> {
        Some(Self { workspace: KeyPart::take(input)?, rest: R::take_key(input)? })
    }
}

/// The whole key of a tenant row.
pub(in crate::store) fn tenant_key(scope: &WorkspaceScope, rest: &impl Key) -> Vec<u8> {
    let mut key = Vec::with_capacity(48);
    scope.workspace().put(&mut key);
    rest.put_key(&mut key);
    key
}

fn value<V: Record>(table: &'static str, key: &[u8], bytes: &[u8]) -> Result<V, StoreError> {
    V::from_bytes(bytes).map_err(|source| StoreError::Damaged { table, key: hex(key), source })
}

fn scan_bytes<K: Key, V: Record>(
    read: &dyn Read,
    id: crate::store::engine::TableId,
    table: &'static str,
    skip: usize,
    range: &KeyRange,
    order: Order,
    visit: Visit<'_, K, V>,
) -> Result<(), StoreError> {
    let mut damage = None;
    read.scan(id, range, order, &mut |key, bytes| {
        let Some(typed) = key.get(skip..).and_then(K::decode) else {
            damage = Some(StoreError::DamagedKey { table, key: hex(key) });
            return ControlFlow::Break(());
        };
        match value::<V>(table, key, bytes) {
            Ok(value) => visit(typed, value),
            Err(error) => {
                damage = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    damage.map_or(Ok(()), Err)
}

pub(in crate::store) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// A view of one committed state.
#[derive(Clone)]
pub struct View {
    snapshot: Arc<dyn Snapshot>,
    /// Counts this view until its last clone is dropped.
    _reading: Option<Arc<Reading>>,
}

impl View {
    pub(in crate::store) fn new(snapshot: Arc<dyn Snapshot>) -> Self {
        Self { snapshot, _reading: None }
    }

    /// A view that is counted among the readers.
    pub(in crate::store) fn counted(snapshot: Arc<dyn Snapshot>, reading: Reading) -> Self {
        Self { snapshot, _reading: Some(Arc::new(reading)) }
    }
}

impl Reads for View {
    fn raw(&self) -> &dyn Read {
        &*self.snapshot
    }
}
