//! What a workspace uses, day by day (UTC): counters that are added to where the thing happens, so that nobody ever has to
//! add up the ledger or the attempts.

use crate::domain::enrichment::{ItemState, Operation, Outcome};
use crate::domain::time::Time;
use crate::store::counter::Counter;
use crate::store::{Reads, StoreError, Tx, WorkspaceScope};

/// What is measured. The number is part of the stored key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Meter {
    /// Hundredths of a credit charged.
    Credits = 16,
    /// Leads that something was found for.
    Units = 17,
    /// What providers billed, in millionths of the currency's unit.
    Cost = 18,
    /// Calls of external providers.
    Calls = 19,
    /// Of them, searches.
    Searches = 20,
    /// Of them, about profiles in social networks.
    SocialRequests = 21,
    /// Of language models.
    Tokens = 22,
}

impl Meter {
    pub const ALL: [Self; 7] =
        [Self::Credits, Self::Units, Self::Cost, Self::Calls, Self::Searches, Self::SocialRequests, Self::Tokens];

    pub const fn as_u8(self) -> u8 {
        self as u8
    }
}

/// Days since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

impl Day {
    const MS: i64 = 24 * 3_600 * 1_000;

    pub fn of(at: Time) -> Self {
        Self(u32::try_from(at.0.div_euclid(Self::MS)).unwrap_or(0))
    }

    /// Its first moment.
    pub fn start(self) -> Time {
        Time(i64::from(self.0) * Self::MS)
    }
}

/// Adds to a meter.
pub fn note(tx: &mut Tx<'_>, scope: &WorkspaceScope, at: Time, meter: Meter, amount: u64) {
    if amount > 0 {
        tx.add(scope, Counter::Usage(meter, Day::of(at)), i64::try_from(amount).unwrap_or(i64::MAX));
    }
}

/// What a transaction uses, added up before it is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used([u64; Meter::ALL.len()]);

impl Used {
    fn add(&mut self, meter: Meter, amount: u64) {
        if let Some(place) = Meter::ALL.iter().position(|known| *known == meter) {
            self.0[place] = self.0[place].saturating_add(amount);
        }
    }

    pub fn get(&self, meter: Meter) -> u64 {
        Meter::ALL.iter().position(|known| *known == meter).map_or(0, |place| self.0[place])
    }

    /// An answer of an external provider that was called for it. Looking whether it is done is no further search.
    pub fn called(&mut self, operation: Operation, outcome: &Outcome, cost: u64) {
        self.add(Meter::Calls, 1);
        self.add(Meter::Cost, cost);
        match operation {
            _ if !outcome.is_final() => {}
            Operation::LeadSearch => self.add(Meter::Searches, 1),
            Operation::LinkedInFind => self.add(Meter::SocialRequests, 1),
            _ => {}
        }
    }

    /// A lead that a job is done with.
    pub fn ended(&mut self, state: ItemState) {
        if matches!(state, ItemState::Found | ItemState::Partial) {
            self.add(Meter::Units, 1);
        }
    }

    pub fn write(&self, tx: &mut Tx<'_>, scope: &WorkspaceScope, at: Time) {
        for meter in Meter::ALL {
            note(tx, scope, at, meter, self.get(meter));
        }
    }
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        for (own, others) in self.0.iter_mut().zip(other.0) {
            *own = own.saturating_add(others);
        }
    }
}

/// What was used on a day.
///
/// # Errors
/// When rows cannot be read.
pub fn of_day(reads: &impl Reads, scope: &WorkspaceScope, day: Day) -> Result<Used, StoreError> {
    let mut used = Used::default();
    for meter in Meter::ALL {
        let (kind, subject) = Counter::Usage(meter, day).key();
        used.add(meter, u64::try_from(reads.stored_counter(scope, kind, subject)?).unwrap_or(0));
    }
    Ok(used)
}
