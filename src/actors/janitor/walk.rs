//! Walking through a large table in portions: every row is looked at once in a walk, and a look never reads more than a
//! portion. Where a walk stands is only kept in memory; after a restart it begins anew.

use std::ops::ControlFlow;

use super::errand::Errand;
use super::sweep::Sweep;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Time;
use crate::store::engine::Order;
use crate::store::key::Key;
use crate::store::transactions::retention::{Aged, Expired};
use crate::store::{Reads, StoreError, View};

/// Rows read by one look, and rows removed by what it finds.
const READ: usize = 20_000;
const FOUND: usize = 1_000;

/// The last row looked at: its workspace and the key behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    workspace: WorkspaceId,
    rest: Vec<u8>,
}

/// What a look at a kind of thing found.
#[derive(Debug, Default)]
pub struct Looked {
    pub errands: Vec<Errand>,
    /// Where a walk goes on; `None` at its end, and for what is no walk.
    pub place: Option<Place>,
    /// Every row is seen once in a round: it does not begin anew because something was found.
    pub is_walk: bool,
}

impl From<Vec<Errand>> for Looked {
    fn from(errands: Vec<Errand>) -> Self {
        Self { errands, ..Self::default() }
    }
}

impl Sweep {
    /// The next portion of a walk through a table whose rows have a time of their own.
    pub(super) fn walk<T: Aged>(&self, view: &View, now: Time, from: Option<&Place>) -> Result<Looked, StoreError> {
        let (mut found, mut read, mut last): (Vec<Expired>, usize, Option<Place>) = (Vec::new(), 0, None);
        let begun = from.map(|place| place.workspace);
        for workspace in self.workspaces(view)?.into_iter().filter(|one| begun.is_none_or(|begun| *one >= begun)) {
            let scope = self.system.within(workspace);
            let mut visit = |key: T::Rest, row: T::Value| {
                read += 1;
                let full = read >= READ || found.len() + 1 >= FOUND;
                if full {
                    last = Some(Place { workspace, rest: key.encode() });
                }
                if T::is_over(&row, &self.keeping, now) {
                    found.push(T::expired(workspace, key));
                }
                if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let after =
                from.filter(|place| place.workspace == workspace).and_then(|place| T::Rest::decode(&place.rest));
            match after {
                Some(after) => view.scan_after::<T>(&scope, &(), &after, Order::Ascending, &mut visit)?,
                None => view.scan::<T>(&scope, &(), Order::Ascending, &mut visit)?,
            }
            if last.is_some() {
                break;
            }
        }
        Ok(Looked { errands: self.forget(now, found), place: last, is_walk: true })
    }
}
