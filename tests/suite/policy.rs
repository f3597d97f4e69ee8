//! The policy of a workspace in the store: what it lets a provider be told of a lead.

use std::sync::Arc;

use futures::FutureExt;
use galena::config::Config;
use galena::deps::Simulation;
use galena::domain::enrichment::Input;
use galena::domain::id::{Id, WorkspaceId};
use galena::domain::lead::{Lead, LeadField};
use galena::domain::policy::{Denial, ProviderFacts, Rule, SuppressionEntry, SuppressionKind};
use galena::store::engine::{Engine, MemoryEngine};
use galena::store::policy::Standing;
use galena::store::suppressions::suppressed;
use galena::store::tables::TABLE_NAMES;
use galena::store::transactions::settings::{AcceptTerms, SettingsChanges, UpdateSettings};
use galena::store::transactions::suppressions::{DeleteSuppression, Given, Mode, PutSuppressions};
use galena::store::{IdentityHasher, Origin, Store, StoreOptions, SystemScope, Transaction, Urgency, WorkspaceScope};

const NAME: Input = Input::Lead(LeadField::FullName);

fn scope() -> WorkspaceScope {
    SystemScope::for_the_house().within(WorkspaceId::from_u64(1))
}

fn store() -> Store {
    let plain: Arc<dyn Engine> = Arc::new(MemoryEngine::new(TABLE_NAMES));
    let simulation = Simulation::from_seed(3);
    let hasher = IdentityHasher::new([3; 32]);
    let (store, core) = Store::open(plain, simulation.deps.clone(), hasher, StoreOptions::default()).unwrap();
    store.serve_inline(core);
    store
}

fn submit<T: Transaction>(store: &Store, transaction: T) -> T::Out {
    store.submit(transaction, Urgency::Interactive).now_or_never().unwrap().unwrap().out
}

fn set(store: &Store, changes: SettingsChanges) {
    submit(store, UpdateSettings { scope: scope(), origin: Origin::default(), expected: None, changes });
}

fn standing(store: &Store) -> Standing {
    Standing::load(&store.view().unwrap(), &scope(), &Config::default().workspace_defaults().unwrap()).unwrap()
}

fn lead() -> Lead {
    Lead {
        full_name: Some("Ana Roe".to_owned()),
        email: Some("ana@acme.de".to_owned()),
        website: Some("https://acme.de".to_owned()),
        company_name: Some("Acme GmbH".to_owned()),
        ..Lead::default()
    }
}

/// Names of what may be sent.
fn judged(store: &Store, provider: ProviderFacts<'_>, lead: &Lead) -> Result<Vec<&'static str>, Denial> {
    let needs = [vec![NAME, Input::CompanyDomain], vec![Input::CompanyDomain]];
    let optional = [Input::Lead(LeadField::Email), Input::Lead(LeadField::CompanyName)];
    let judged = standing(store).judge(&store.view().unwrap(), lead, &provider, &needs, &optional).unwrap();
    judged.map(|inputs| inputs.into_iter().map(|(input, _)| input.name()).collect())
}

#[test]
fn terms_then_region_then_provider_then_suppression() {
    let (store, lead) = (store(), lead());
    let hunter = ProviderFacts::external("hunter", Some("us"));
    assert_eq!(judged(&store, hunter, &lead), Err(Denial::TermsNotAccepted));
    let built_in = judged(&store, ProviderFacts::built_in("builtin"), &lead).expect("needs no terms");
    assert_eq!(built_in, ["fullName", "companyDomain", "email", "companyName"]);
    submit(&store, AcceptTerms { scope: scope(), origin: Origin::default(), version: "1".to_owned() });
    assert_eq!(judged(&store, hunter, &lead), Ok(built_in));

    let eu = |rule| SettingsChanges { policy: Some([("EU".to_owned(), rule)].into()), ..SettingsChanges::default() };
    set(&store, eu(Some(Rule::CompanyOnly)));
    assert_eq!(judged(&store, hunter, &lead), Ok(vec!["companyDomain", "companyName"]));
    let unknown = Lead { email: Some("ana@acme.com".to_owned()), website: None, ..lead.clone() };
    assert!(matches!(judged(&store, hunter, &unknown), Err(Denial::MissingInputs(_))));
    let american = Lead { country: Some("USA".to_owned()), ..lead.clone() };
    assert_eq!(judged(&store, hunter, &american).map(|inputs| inputs[0]), Ok("fullName"));
    set(&store, eu(Some(Rule::Off)));
    assert_eq!(judged(&store, hunter, &lead), Err(Denial::RegionOff { place: "DE".to_owned() }));
    set(&store, eu(None));

    set(&store, SettingsChanges { eu_providers_only: Some(Some(true)), ..SettingsChanges::default() });
    assert_eq!(judged(&store, hunter, &lead).map_err(|denial| denial.reason()), Err("eu_providers_only"));
    let french = ProviderFacts::external("dropcontact", Some("fr"));
    assert!(judged(&store, french, &lead).is_ok());

    let entry = SuppressionEntry::parse(SuppressionKind::Company, "ACME", None).unwrap();
    let given = Given { entry: entry.clone(), note: None };
    let put = PutSuppressions { scope: scope(), origin: Origin::default(), mode: Mode::Add, entries: vec![given] };
    submit(&store, put);
    let left_alone = Denial::Suppressed(SuppressionKind::Company);
    assert_eq!(judged(&store, french, &lead), Err(left_alone.clone()));
    assert_eq!(judged(&store, ProviderFacts::built_in("builtin"), &lead), Err(left_alone));
    assert_eq!(suppressed(&store.view().unwrap(), &scope(), &lead).unwrap(), Some(SuppressionKind::Company));
    let SuppressionEntry { kind, key, .. } = entry;
    submit(&store, DeleteSuppression { scope: scope(), origin: Origin::default(), kind, key });
    assert!(judged(&store, french, &lead).is_ok());
    assert_eq!(
        judged(&store, ProviderFacts { has_key: false, ..french }, &lead),
        Err(Denial::NoKey { provider: "dropcontact".to_owned() })
    );
}
