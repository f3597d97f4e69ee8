//! The ledger: every change of credits is a line, and the account is the sum of its lines.
//!
//! Decisions happen here, inside the writer's transaction: a hold is only placed when `remaining` covers it, a settlement
//! never exceeds its hold. Amounts are hundredths of a credit.

use std::ops::ControlFlow;

use crate::domain::id::{Id, LineId};
use crate::store::engine::Order;
use crate::store::records::ledger::{Account, Line, LineKind};
use crate::store::tables::{Accounts, Lines};
use crate::store::usage::{self, Meter};
use crate::store::{Reads, Refusal, Reject, StoreError, Tx, WorkspaceScope};

/// The account of a workspace; all zero when it never had a line.
pub fn account(reads: &impl Reads, scope: &WorkspaceScope) -> Result<Account, StoreError> {
    Ok(reads.get::<Accounts>(scope, ())?.unwrap_or_default())
}

/// Writes a line and moves its amount between the figures of the account.
///
/// # Errors
/// `InsufficientCredits` when the account does not have what the line takes.
pub fn post(tx: &mut Tx<'_>, scope: &WorkspaceScope, id: LineId, line: Line) -> Result<Account, Refusal> {
    let mut account = account(tx, scope)?;
    apply(&mut account, line.kind, line.amount)?;
    if line.kind == LineKind::Settle {
        usage::note(tx, scope, line.at, Meter::Credits, line.amount);
    }
    let line = Line { remaining_after: account.remaining, ..line };
    tx.put::<Lines>(scope, (behind_the_last(tx, scope, id)?,), &line)?;
    tx.put::<Accounts>(scope, (), &account)?;
    Ok(account)
}

/// `id`, or the next one behind the last line: ids are given out before the writer decides the order, and lines are read
/// in the order in which they changed the account.
fn behind_the_last(tx: &Tx<'_>, scope: &WorkspaceScope, id: LineId) -> Result<LineId, StoreError> {
    let mut last = None;
    tx.scan::<Lines>(scope, &(), Order::Descending, &mut |(line,), _| {
        last = Some(line);
        ControlFlow::Break(())
    })?;
    Ok(last.filter(|last: &LineId| *last >= id).map_or(id, |last| LineId::from_u64(last.as_u64() + 1)))
}

/// What a line does to an account.
///
/// # Errors
/// `InsufficientCredits` when the account does not have what the line takes; the account is then unchanged.
pub fn apply(account: &mut Account, kind: LineKind, amount: u64) -> Result<(), Reject> {
    let take =
        |from: u64| from.checked_sub(amount).ok_or(Reject::InsufficientCredits { needed: amount, available: from });
    let add = |to: u64| to.checked_add(amount).ok_or_else(|| Reject::Conflict("the amount is out of range".to_owned()));
    match kind {
        LineKind::Grant => (account.remaining, account.granted) = (add(account.remaining)?, add(account.granted)?),
        LineKind::Receive => (account.remaining, account.received) = (add(account.remaining)?, add(account.received)?),
        LineKind::Refund => (account.remaining, account.refunded) = (add(account.remaining)?, add(account.refunded)?),
        LineKind::Hold => (account.remaining, account.held) = (take(account.remaining)?, add(account.held)?),
        LineKind::Release => (account.held, account.remaining) = (take(account.held)?, add(account.remaining)?),
        LineKind::Settle => (account.held, account.used) = (take(account.held)?, add(account.used)?),
        LineKind::Expire => (account.remaining, account.expired) = (take(account.remaining)?, add(account.expired)?),
        LineKind::Send => (account.remaining, account.sent) = (take(account.remaining)?, add(account.sent)?),
        LineKind::AdjustDown => {
            (account.remaining, account.adjusted_down) = (take(account.remaining)?, add(account.adjusted_down)?);
        }
    }
    Ok(())
}

/// Whether the books of an account agree.
pub fn balances(account: &Account) -> bool {
    let came = account.granted.saturating_add(account.received).saturating_add(account.refunded);
    let went = [account.used, account.held, account.remaining, account.expired, account.sent, account.adjusted_down];
    came == went.into_iter().fold(0_u64, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [LineKind; 9] = [
        LineKind::Grant,
        LineKind::Receive,
        LineKind::Refund,
        LineKind::Hold,
        LineKind::Release,
        LineKind::Settle,
        LineKind::Expire,
        LineKind::Send,
        LineKind::AdjustDown,
    ];

    proptest! {
        #[test]
        fn the_account_balances_under_any_sequence(lines in prop::collection::vec((0_usize..9, 0_u64..1_000), 0..200)) {
            let mut account = Account::default();
            for (kind, amount) in lines {
                let before = account;
                if apply(&mut account, KINDS[kind], amount).is_err() {
                    prop_assert_eq!(account, before, "a refused line changes nothing");
                }
                prop_assert!(balances(&account));
            }
        }
    }

    #[test]
    fn a_hold_beyond_what_remains_is_refused() {
        let mut account = Account::default();
        apply(&mut account, LineKind::Grant, 100).unwrap();
        apply(&mut account, LineKind::Hold, 60).unwrap();
        assert_eq!(
            apply(&mut account, LineKind::Hold, 41),
            Err(Reject::InsufficientCredits { needed: 41, available: 40 })
        );
    }
}
