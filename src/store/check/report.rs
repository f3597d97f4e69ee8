//! What `check` says: findings, what a start would still do, and how many of everything there are.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::{Serialize, Serializer};

/// Findings of one code that are told one by one; the rest is counted.
const TOLD: u64 = 100;

macro_rules! codes {
    ($($code:ident $name:literal $remedy:literal;)*) => {
        /// A kind of disagreement. Names never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($code),* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$code),*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name),* }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$code => $remedy),* }
            }
        }
    };
}
codes! {
    StoreDamaged "STORE_DAMAGED" "the store file does not match its checksums: restore the last backup";
    RowDamaged "ROW_DAMAGED" "the row cannot be read: restore the last backup, or report this as a defect with its table and key";
    IdentityMissing "IDENTITY_MISSING" "duplicates of this lead would not be seen: save the lead again, or import its list anew with update";
    CounterWrong "COUNTER_WRONG" "a figure that is shown is not what the rows say: report this as a defect";
    LeadWithoutList "LEAD_WITHOUT_LIST" "the lead is in a list that is not there: restore the last backup, or report this as a defect";
    ListLeadMissing "LIST_LEAD_MISSING" "the lead does not show in its list: move it to another list and back";
    ListLeadOrphan "LIST_LEAD_ORPHAN" "the list names a lead that is not in it: report this as a defect";
    ListNameMissing "LIST_NAME_MISSING" "the name of the list is not taken: rename the list and back";
    ListNameOrphan "LIST_NAME_ORPHAN" "a name is taken by a list that does not have it: report this as a defect";
    EventSubjectMissing "EVENT_SUBJECT_MISSING" "an event does not show in a timeline: report this as a defect";
    EventSubjectOrphan "EVENT_SUBJECT_ORPHAN" "a timeline names an event that is not there: report this as a defect";
    UserEmailMissing "USER_EMAIL_MISSING" "the user cannot sign in: make the user again";
    UserEmailOrphan "USER_EMAIL_ORPHAN" "an address belongs to a user who is not there: report this as a defect";
    MembershipOrphan "MEMBERSHIP_ORPHAN" "a membership names a user who is not there: report this as a defect";
    KeyHashMissing "KEY_HASH_MISSING" "the API key opens nothing: revoke it and make another";
    KeyHashOrphan "KEY_HASH_ORPHAN" "a hash opens a key that is revoked or not there: report this as a defect at once";
    AccountUnbalanced "ACCOUNT_UNBALANCED" "the books of the workspace do not balance: restore the last backup, or report this as a defect";
    AccountNotSumOfLines "ACCOUNT_NOT_SUM_OF_LINES" "the account is not the sum of its lines: restore the last backup, or report this as a defect";
    HoldUnmatched "HOLD_UNMATCHED" "credits are held for nothing, or work has no hold: report this as a defect";
    JobWrong "JOB_WRONG" "what a job says is not what its leads say: report this as a defect";
    ItemUnplaced "ITEM_UNPLACED" "a lead does not know that a job worked on it: report this as a defect";
    CompanyWrong "COMPANY_WRONG" "a company is not found under its domain: report this as a defect";
    CompanyLinkWrong "COMPANY_LINK_WRONG" "a company and a lead do not agree that they belong together: enrich the lead again";
    IndexDamaged "INDEX_DAMAGED" "remove the folder index/: the next start builds it anew from the store";
    DocumentWithoutLead "DOCUMENT_WITHOUT_LEAD" "searches find a lead that is not there: remove the folder index/, the next start builds it anew";
    LeadWithoutDocument "LEAD_WITHOUT_DOCUMENT" "searches do not find this lead: save it again, or remove the folder index/";
    DocumentTwice "DOCUMENT_TWICE" "searches find this lead twice: save it again, or remove the folder index/";
    DocumentInOtherList "DOCUMENT_IN_OTHER_LIST" "searches see this lead in another list: save it again, or remove the folder index/";
    FileWithoutRow "FILE_WITHOUT_ROW" "nothing knows this file: the server removes it after a while, or remove it yourself";
    FileMissing "FILE_MISSING" "a row names a file that is not there: bring the file back from a backup, or make it anew";
    OpenWorkMissing "OPEN_WORK_MISSING" "work that nobody goes on with: cancel it and order it again, and report this as a defect";
    OpenWorkOrphan "OPEN_WORK_ORPHAN" "work is named that is at its end or not there: report this as a defect";
    RowsUnaccounted "ROWS_UNACCOUNTED" "the import does not say what became of every row: report this as a defect";
    OriginalOrphan "ORIGINAL_ORPHAN" "original rows of an import that is not there: report this as a defect";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Two things that should agree and do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub code: Code,
    /// The table, `index` or the folder.
    pub table: &'static str,
    /// The id or key it is about.
    pub key: String,
    pub detail: String,
    pub remedy: &'static str,
}

/// Work that a start, or the running server, does by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    pub code: &'static str,
    pub count: u64,
    pub detail: &'static str,
}

/// The end of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// True when everything agrees; pending work is no disagreement.
    pub ok: bool,
    /// At most a hundred of each code.
    pub findings: Vec<Finding>,
    /// All findings, by code.
    pub totals: BTreeMap<&'static str, u64>,
    pub pending: Vec<Pending>,
    /// How many of everything there are, by what it is.
    pub counts: BTreeMap<&'static str, u64>,
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
}

impl Report {
    pub(super) fn new() -> Self {
        Self { ok: true, ..Self::default() }
    }

    pub(super) fn found(&mut self, code: Code, table: &'static str, key: impl Display, detail: impl Display) {
        self.ok = false;
        let total = self.totals.entry(code.name()).or_default();
        *total += 1;
        if *total <= TOLD {
            let (key, detail) = (key.to_string(), detail.to_string());
            self.findings.push(Finding { code, table, key, detail, remedy: code.remedy() });
        }
    }

    /// Nothing when `count` is zero.
    pub(super) fn pending(&mut self, code: &'static str, count: u64, detail: &'static str) {
        if count == 0 {
            return;
        }
        match self.pending.iter_mut().find(|known| known.code == code) {
            Some(known) => known.count += count,
            None => self.pending.push(Pending { code, count, detail }),
        }
    }

    pub(super) fn count(&mut self, what: &'static str, count: u64) {
        *self.counts.entry(what).or_default() += count;
    }

    pub fn has(&self, code: Code) -> bool {
        self.totals.contains_key(code.name())
    }
}
