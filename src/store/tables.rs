//! The registry of tables. Backup, `check`, statistics and the reference page derive from it, and a table that does not
//! say who owns it, how long rows stay and whether they hold personal values does not compile.

use crate::domain::enrichment::Measured;
use crate::domain::id::{
    AttemptId, CompanyId, ExportId, ImportId, ItemId, JobId, KeyId, LeadId, ListId, RecipeId, TaskId, UploadId, UserId,
    WorkspaceId,
};
use crate::domain::lead::Lead;
use crate::domain::list::List;
use crate::domain::time::Time;
use crate::store::engine::{EngineError, TableId};
use crate::store::key::Key;
use crate::store::read::{StoreError, Tenant, readable};
use crate::store::record::{Blob, Record};
use crate::store::records::access::{ApiKey, ApiKeyPlace, Membership, Session, SetupToken, User, Workspace};
use crate::store::records::attempt::Attempt;
use crate::store::records::company::Company;
use crate::store::records::credential::Credential;
use crate::store::records::event::Event;
use crate::store::records::export::Export;
use crate::store::records::gate::QuotaRow;
use crate::store::records::idempotency::IdempotencyRecord;
use crate::store::records::import::{BeforeImage, Import, RejectedRow};
use crate::store::records::import_edits::ImportEdits as Edits;
use crate::store::records::item::{DeadLetter, Item, ItemPlace, Lease, OrderMark};
use crate::store::records::job::{Funnel, Job, Selection};
use crate::store::records::job_trim::JobTrim;
use crate::store::records::known_answer::KnownAnswer;
use crate::store::records::ledger::{Account, Line};
use crate::store::records::lookup::Lookup;
use crate::store::records::outbox::{Checkpoint, OutboxEntry};
use crate::store::records::provider_choice::ProviderChoice;
use crate::store::records::recipe::{Recipe, RememberedMapping};
use crate::store::records::settings::Settings as SettingsRow;
use crate::store::records::statistics::{OrderStatistics, Spend};
use crate::store::records::suppression::Suppression;
use crate::store::records::task::{Task, TaskLead, TaskOrder};
use crate::store::records::template::{TemplateHead, TemplateVersion};
use crate::store::records::upload::Upload;
use crate::store::records::value::FieldValue;

/// Whether rows hold values about a person, and how one person's are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Personal {
    /// Ids, counters, settings: nothing about a person.
    None,
    /// Reached from a lead id in the key.
    ByLead,
    /// Reached from a lead's origin (import and row).
    ByOrigin,
    /// Reached through the subject index of events.
    BySubject,
    /// About users of this install, reached by user id.
    ByUser,
    /// Reached from the value itself: an e-mail address, a phone number.
    ByValue,
    /// Only keyed hashes of values.
    Hashed,
    /// Sealed; opened with the data key.
    Sealed,
}

/// What the registry says of a table.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TableSpec {
    pub name: &'static str,
    /// Tenant tables have the workspace id in front of every key.
    pub tenant: bool,
    pub key: &'static str,
    pub value: &'static str,
    /// The actor or transaction family that writes it.
    pub owner: &'static str,
    pub retention: &'static str,
    pub personal: Personal,
}

/// A table of one workspace's data; its keys start with the workspace id, put there by the reads and writes.
pub trait TenantTable {
    const ID: TableId;
    const NAME: &'static str;
    /// The key behind the workspace id.
    type Rest: Key;
    type Value: Record;
}

/// A table of the install.
pub trait InstallTable {
    const ID: TableId;
    const NAME: &'static str;
    type Key: Key;
    type Value: Record;
}

macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $kind:ident $table:ident($name:literal): $key:ty => $value:ty,
            owner $owner:literal, kept $retention:literal, personal $personal:ident;
    )*) => {
        #[allow(clippy::enum_variant_names)]
        #[repr(u8)]
        enum Place { $($table),* }

        /// Every table, in the order of their ids.
        pub const TABLES: &[TableSpec] = &[$(TableSpec {
            name: $name,
            tenant: tables!(@tenant $kind),
            key: stringify!($key),
            value: stringify!($value),
            owner: $owner,
            retention: $retention,
            personal: Personal::$personal,
        }),*];

        /// The names, as an engine is opened with them.
        pub const TABLE_NAMES: &[&str] = &[$($name),*];

        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $table;
            tables!(@impl $kind $table $name $key, $value);
        )*

        /// Whether these bytes are a row of the table with that id.
        pub fn read_row(table: TableId, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
            $(
                if table.0 == Place::$table as u8 {
                    return tables!(@read $kind $key, $value, $name, key, value);
                }
            )*
            Err(EngineError::NoSuchTable(table.0).into())
        }
    };
    (@read tenant $key:ty, $value:ty, $name:literal, $bytes:ident, $row:ident) => {
        readable::<Tenant<$key>, $value>($name, $bytes, $row)
    };
    (@read install $key:ty, $value:ty, $name:literal, $bytes:ident, $row:ident) => {
        readable::<$key, $value>($name, $bytes, $row)
    };
    (@tenant tenant) => { true };
    (@tenant install) => { false };
    (@impl tenant $table:ident $name:literal $key:ty, $value:ty) => {
        impl TenantTable for $table {
            const ID: TableId = TableId(Place::$table as u8);
            const NAME: &'static str = $name;
            type Rest = $key;
            type Value = $value;
        }
    };
    (@impl install $table:ident $name:literal $key:ty, $value:ty) => {
        impl InstallTable for $table {
            const ID: TableId = TableId(Place::$table as u8);
            const NAME: &'static str = $name;
            type Key = $key;
            type Value = $value;
        }
    };
}

tables! {
    // --- lists and leads
    tenant Lists("lists"): (ListId,) => List,
        owner "transactions::lists", kept "until the restore window of a deleted list has passed", personal None;
    /// Folded name -> list; a name is unique among the lists that are not deleted.
    tenant ListNames("list_names"): (String,) => ListId,
        owner "transactions::lists", kept "as the list", personal None;
    tenant Leads("leads"): (LeadId,) => Lead,
        owner "transactions::leads, transactions::imports", kept "until deleted", personal ByLead;
    /// A list's leads in their natural order.
    tenant ListLeads("list_leads"): (ListId, LeadId) => (),
        owner "transactions::leads, transactions::imports", kept "as the lead", personal None;
    /// Identity hashes (kind, hash, list, lead): the derived index of the match rule.
    tenant Identity("identity"): (u8, u64, ListId, LeadId) => (),
        owner "DedupIndex", kept "as the lead; derived", personal Hashed;
    /// Pairs of leads whose keys clash (smaller id first) with the rule that saw it.
    tenant PossibleDuplicates("possible_duplicates"): (LeadId, LeadId) => Blob,
        owner "transactions::leads, transactions::imports", kept "as the leads", personal ByLead;

    // --- acts on many leads
    tenant Tasks("tasks"): (TaskId,) => Task,
        owner "transactions::tasks", kept "30 days after its end", personal None;
    /// What a task was asked to do; values of a bulk update may be about a person.
    tenant TaskOrders("task_orders"): (TaskId,) => TaskOrder,
        owner "transactions::tasks", kept "as the task", personal BySubject;
    /// The leads of a task as they were before it, for its undo.
    tenant TaskLeads("task_before"): (TaskId, LeadId) => TaskLead,
        owner "transactions::tasks", kept "30 days", personal ByLead;

    // --- imports
    tenant Uploads("uploads"): (UploadId,) => Upload,
        owner "transactions::uploads", kept "24 hours, or as the original of its import", personal None;
    tenant Imports("imports"): (ImportId,) => Import,
        owner "transactions::imports", kept "as the events", personal None;
    /// (import, row), rows counted from 0: what was rejected and why.
    tenant ImportRejects("import_rejects"): (ImportId, u64) => RejectedRow,
        owner "transactions::imports", kept "90 days", personal ByOrigin;
    /// (import, first row): the rows of a file as they came, up to 256 in a compressed block.
    tenant Originals("originals"): (ImportId, u64) => Blob,
        owner "transactions::imports", kept "90 days", personal ByOrigin;
    /// What the user changed of the rows before the import.
    tenant ImportEdits("import_edits"): (ImportId,) => Edits,
        owner "transactions::imports", kept "90 days", personal ByOrigin;
    /// (import, first lead) -> last lead: the runs of leads an import created.
    tenant ImportRuns("import_runs"): (ImportId, LeadId) => LeadId,
        owner "transactions::imports", kept "as the import", personal None;
    /// Leads as they were before an import changed them.
    tenant ImportBefore("import_before"): (ImportId, LeadId) => BeforeImage,
        owner "transactions::imports", kept "30 days", personal ByLead;
    tenant Recipes("recipes"): (RecipeId,) => Recipe,
        owner "transactions::recipes", kept "until deleted", personal None;
    /// Folded name -> recipe.
    tenant RecipeNames("recipe_names"): (String,) => RecipeId,
        owner "transactions::recipes", kept "as the recipe", personal None;
    /// Hash of a set of titles -> the mapping that a file with them was given.
    tenant RememberedMappings("remembered_mappings"): ([u8; 32],) => RememberedMapping,
        owner "transactions::imports", kept "for ever", personal None;

    // --- what happened
    tenant Events("events"): (u64,) => Event,
        owner "every transaction", kept "3 years", personal BySubject;
    /// (subject kind, subject id, seq): finds the events of one lead, list, job.
    tenant EventSubjects("event_subjects"): (u8, u64, u64) => (),
        owner "every transaction", kept "as the event", personal None;
    tenant Counters("counters"): (u8, u64) => i64,
        owner "the group commit", kept "for ever", personal None;
    tenant Idempotency("idempotency"): ([u8; 32],) => IdempotencyRecord,
        owner "transactions::once", kept "24 hours", personal None;

    // --- what goes out
    tenant Exports("exports"): (ExportId,) => Export,
        owner "transactions::exports", kept "30 days after its file expired", personal None;

    // --- the ledger
    tenant Accounts("ledger_accounts"): () => Account,
        owner "store::ledger", kept "for ever", personal None;
    tenant Lines("ledger_lines"): (crate::domain::id::LineId,) => Line,
        owner "store::ledger", kept "10 years", personal None;

    // --- providers
    /// Slug of a provider -> the workspace's own key for it.
    tenant Credentials("credentials"): (String,) => Credential,
        owner "transactions::credentials", kept "until deleted", personal Sealed;
    // --- enrichment
    tenant Jobs("jobs"): (JobId,) => Job,
        owner "transactions::jobs", kept "365 days", personal None;
    /// Which leads a job is for.
    tenant JobSelections("job_selections"): (JobId,) => Selection,
        owner "transactions::jobs", kept "as the job", personal None;
    tenant Items("items"): (JobId, ItemId) => Item,
        owner "transactions::jobs", kept "as the job", personal None;
    /// (job, due, item): what may be leased, soonest first.
    tenant ItemQueue("item_queue"): (JobId, Time, ItemId) => (),
        owner "transactions::jobs", kept "until leased", personal None;
    /// Items in work, with the boot that works on them.
    tenant Leases("leases"): (JobId, ItemId) => Lease,
        owner "transactions::jobs", kept "until the result is written", personal None;
    /// The items of a lead.
    tenant LeadItems("lead_items"): (LeadId, ItemId) => ItemPlace,
        owner "transactions::jobs", kept "as the job", personal None;
    tenant Attempts("attempts"): (LeadId, AttemptId) => Attempt,
        owner "transactions::jobs", kept "365 days", personal ByLead;
    /// (lead, field, attempt): every value that was ever found.
    tenant Values("values"): (LeadId, String, AttemptId) => FieldValue,
        owner "transactions::jobs", kept "as the lead, and while its deletion can be undone", personal ByLead;
    /// The answers of providers as they came, sealed for (workspace, lead, attempt).
    tenant RawAnswers("raw_answers"): (LeadId, AttemptId) => Blob,
        owner "transactions::jobs", kept "90 days", personal Sealed;
    /// How far what a job has left behind was looked through for what has had its time.
    tenant JobTrims("job_trims"): (JobId,) => JobTrim,
        owner "transactions::job_retention", kept "as the job", personal None;
    /// Slug -> a waterfall of the workspace.
    tenant Templates("templates"): (String,) => TemplateHead,
        owner "transactions::templates", kept "until deleted", personal None;
    tenant TemplateVersions("template_versions"): (String, u32) => TemplateVersion,
        owner "transactions::templates", kept "as the template", personal None;
    /// What each step of a job came to.
    tenant JobFunnels("job_funnels"): (JobId,) => Funnel,
        owner "transactions::jobs", kept "as the job", personal None;
    /// Leads that jobs gave up, until they are tried again.
    tenant DeadLetters("dead_letters"): (ItemId,) => DeadLetter,
        owner "transactions::jobs", kept "90 days", personal None;
    /// SHA-256 of (workspace, identity, plan, day) -> the item that this order became.
    tenant Orders("orders"): ([u8; 32],) => OrderMark,
        owner "transactions::jobs", kept "2 days", personal Hashed;
    /// Keyed hash of (provider, operation, inputs) -> what was answered.
    tenant KnownAnswers("known_answers"): ([u8; 32],) => KnownAnswer,
        owner "transactions::jobs", kept "enrichment.cache_ttl", personal Sealed;
    /// (lead, hash): the known answers that were got for a lead.
    tenant LeadAnswers("lead_answers"): (LeadId, [u8; 32]) => (),
        owner "transactions::jobs", kept "as the answer", personal ByLead;
    /// Those who are only asked about; they are in no list.
    tenant Lookups("lookups"): (LeadId,) => Lookup,
        owner "transactions::lookups, transactions::jobs", kept "retention.lookups", personal ByLead;
    /// What is known of companies, shared by their people.
    tenant Companies("companies"): (CompanyId,) => Company,
        owner "transactions::jobs", kept "as the workspace", personal None;
    /// Registrable domain -> company.
    tenant CompanyDomains("company_domains"): (String,) => CompanyId,
        owner "transactions::jobs", kept "as the company", personal None;
    /// The leads of a company; the lead names it, too.
    tenant CompanyLeads("company_leads"): (CompanyId, LeadId) => (),
        owner "transactions::lead_rows", kept "as the lead", personal None;
    /// (provider, operation, segment) -> what its calls came to on this install.
    install ProviderStatistics("provider_statistics"): (String, u8, String) => Measured,
        owner "transactions::jobs", kept "for ever", personal None;
    /// The same of calls that were played in sandboxes: no live workspace reads them, and no sandbox the others.
    install PlayedStatistics("played_statistics"): (String, u8, String) => Measured,
        owner "transactions::jobs", kept "for ever", personal None;
    /// (day since 1970, provider) -> what the workspace spent with it.
    tenant ProviderSpend("provider_spend"): (u32, String) => Spend,
        owner "transactions::jobs", kept "for ever", personal None;
    /// (hash of the steps, segment) -> what leads came to under them on this install.
    install OrderOutcomes("order_outcomes"): ([u8; 32], String) => OrderStatistics,
        owner "transactions::jobs", kept "for ever", personal None;
    /// Jobs that are not over, or still have something to tidy.
    install ActiveJobs("active_jobs"): (WorkspaceId, JobId) => (),
        owner "transactions::jobs", kept "until the job is over", personal None;

    /// (provider, credential, bucket, seconds): what has been used of a window of an hour or more.
    install Gates("gates"): (String, String, String, u64) => QuotaRow,
        owner "ProviderGate", kept "for ever", personal None;
    /// Slug of a provider -> what the operator has chosen for it.
    install ProviderChoices("provider_choices"): (String,) => ProviderChoice,
        owner "transactions::providers", kept "for ever", personal None;

    // --- policy
    /// What the workspace has decided for itself; one row.
    tenant Settings("settings"): () => SettingsRow,
        owner "transactions::settings", kept "as the workspace", personal None;
    /// (kind, compared form): who is to be left alone.
    tenant Suppressions("suppressions"): (u8, String) => Suppression,
        owner "transactions::suppressions", kept "until deleted", personal ByValue;

    // --- the install
    install Workspaces("workspaces"): (WorkspaceId,) => Workspace,
        owner "transactions::access", kept "until deleted", personal None;
    install Users("users"): (UserId,) => User,
        owner "transactions::access", kept "until deleted", personal ByUser;
    /// Folded e-mail address -> user.
    install UserEmails("user_emails"): (String,) => UserId,
        owner "transactions::access", kept "as the user", personal ByUser;
    install Memberships("memberships"): (UserId, WorkspaceId) => Membership,
        owner "transactions::access", kept "as the user", personal None;
    /// Hash of the session token -> session.
    install Sessions("sessions"): ([u8; 32],) => Session,
        owner "transactions::access", kept "until it expires", personal ByUser;
    /// (workspace, key): the keys of a workspace, without the secret.
    install ApiKeys("api_keys"): (WorkspaceId, KeyId) => ApiKey,
        owner "transactions::access", kept "until revoked, then 1 year", personal None;
    /// Hash of the secret -> key.
    install ApiKeyHashes("api_key_hashes"): ([u8; 32],) => ApiKeyPlace,
        owner "transactions::access", kept "as the key", personal None;
    /// Hash of a one-time setup token.
    install SetupTokens("setup_tokens"): ([u8; 32],) => SetupToken,
        owner "transactions::access", kept "until used or expired", personal None;
    /// (lane, seq): what derived views still have to look at.
    install Outbox("outbox"): (u8, u64) => OutboxEntry,
        owner "every transaction", kept "until every consumer has passed it", personal None;
    /// Tasks that have not ended.
    install OpenTasks("open_tasks"): (WorkspaceId, TaskId) => (),
        owner "transactions::tasks", kept "until the task has ended", personal None;
    /// Imports (and undos of imports) that are not at their end.
    install OpenImports("open_imports"): (WorkspaceId, ImportId) => (),
        owner "transactions::imports", kept "until the import has ended", personal None;
    /// Imports whose leads are to be enriched, until the job for it is made.
    install ImportsToEnrich("imports_to_enrich"): (WorkspaceId, ImportId) => (),
        owner "transactions::imports", kept "until the job is made or refused", personal None;
    install Consumers("consumers"): (String,) => Checkpoint,
        owner "the consumer", kept "for ever", personal None;
    /// Format, high-water marks, the wrapped data key.
    install Meta("meta"): (String,) => Blob,
        owner "the group commit", kept "for ever", personal None;
}

/// The table called `name`.
pub fn table(name: &str) -> Option<&'static TableSpec> {
    TABLES.iter().find(|spec| spec.name == name)
}
