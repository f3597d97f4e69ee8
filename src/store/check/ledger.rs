//! Accounts against their lines, and what is held against the holds that are open.

use std::collections::{BTreeMap, HashMap};

use super::report::{Code, Report};
use super::scan::each;
use crate::domain::id::{HoldId, WorkspaceId};
use crate::store::ledger;
use crate::store::records::ledger::{Account, LineKind};
use crate::store::tables::{Accounts, Lines, TenantTable};
use crate::store::{StoreError, View};

/// What is left of the holds of all workspaces, by hold; settled and released ones are gone.
pub(super) type OpenHolds = HashMap<(WorkspaceId, HoldId), u64>;

pub(super) fn compare(view: &View, report: &mut Report) -> Result<OpenHolds, StoreError> {
    let mut sums: BTreeMap<WorkspaceId, Account> = BTreeMap::new();
    let mut holds = OpenHolds::new();
    each::<Lines>(view, |workspace, (id,), line| {
        report.count("ledgerLines", 1);
        let sum = sums.entry(workspace).or_default();
        if let Err(reject) = ledger::apply(sum, line.kind, line.amount) {
            report.found(
                Code::AccountNotSumOfLines,
                Lines::NAME,
                id,
                format!("the lines before do not allow it: {reject}"),
            );
        } else if sum.remaining != line.remaining_after {
            let detail = format!("says {} remain, the lines up to it {}", line.remaining_after, sum.remaining);
            report.found(Code::AccountNotSumOfLines, Lines::NAME, id, detail);
        }
        if let Some(hold) = line.hold {
            note(&mut holds, (workspace, hold), line.kind, line.amount, report);
        }
        Ok(())
    })?;
    each::<Accounts>(view, |workspace, (), account| {
        if !ledger::balances(&account) {
            report.found(Code::AccountUnbalanced, Accounts::NAME, workspace, format!("{account:?}"));
        }
        let sum = sums.remove(&workspace).unwrap_or_default();
        if sum != account {
            let detail = format!("the account is {account:?}, its lines make {sum:?}");
            report.found(Code::AccountNotSumOfLines, Accounts::NAME, workspace, detail);
        }
        Ok(())
    })?;
    for (workspace, _) in sums {
        report.found(Code::AccountNotSumOfLines, Accounts::NAME, workspace, "there are lines but no account");
    }
    report.count("openHolds", holds.len() as u64);
    Ok(holds)
}

fn note(holds: &mut OpenHolds, hold: (WorkspaceId, HoldId), kind: LineKind, amount: u64, report: &mut Report) {
    let left = holds.get(&hold).copied().unwrap_or(0);
    let after = match kind {
        LineKind::Hold => left.checked_add(amount),
        LineKind::Release | LineKind::Settle => left.checked_sub(amount),
        _ => Some(left),
    };
    match after {
        Some(0) => drop(holds.remove(&hold)),
        Some(after) => drop(holds.insert(hold, after)),
        None => {
            report.found(Code::HoldUnmatched, Lines::NAME, hold.1, format!("{amount} taken of a hold that has {left}"))
        }
    }
}
