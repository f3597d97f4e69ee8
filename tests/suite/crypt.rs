//! Where the master key comes from, and that what it protects opens with it alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use galena::deps::Random;
use galena::store::crypt::{
    CryptError, DataKey, MASTER_KEY_FILE, MasterKey, MasterKeySource, Origin, Purpose, Sealer, Secret,
};

/// Never the same bytes twice.
#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(bytes);
    }
}

fn text(key: &MasterKey) -> String {
    key.to_base64().expose().to_owned()
}

fn from_environment(value: &str) -> MasterKeySource {
    MasterKeySource { environment: Some(Secret::new(value)), ..MasterKeySource::default() }
}

fn load(source: &MasterKeySource, data: &Path) -> Result<(String, Origin), CryptError> {
    MasterKey::load(source, data).map(|(key, origin)| (text(&key), origin))
}

#[test]
fn the_first_run_makes_a_key_for_its_owner_alone_and_the_second_finds_it() {
    let data = tempfile::tempdir().expect("a directory");
    let (source, random) = (MasterKeySource::default(), Counting::default());
    assert!(matches!(load(&source, data.path()), Err(CryptError::NoMasterKey)));

    let file = data.path().join(MASTER_KEY_FILE);
    let (made, origin) = MasterKey::load_or_create(&source, data.path(), &random).expect("made");
    assert_eq!(origin, Origin::Created(file.clone()));
    assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);

    let (found, origin) = MasterKey::load_or_create(&source, data.path(), &random).expect("found");
    assert_eq!(origin, Origin::DataDirectory(file));
    assert_eq!(text(&found), text(&made));
}

#[test]
fn the_places_are_asked_in_their_order() {
    let (data, credentials) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    let random = Counting::default();
    let [environment, configured, credential, own] = [(); 4].map(|()| text(&MasterKey::generate(&random)));
    let configured_path = data.path().join("configured");
    fs::write(&configured_path, &configured).expect("written");
    fs::write(credentials.path().join("galena-master-key"), format!("{credential}\n")).expect("written");
    fs::write(data.path().join(MASTER_KEY_FILE), &own).expect("written");

    let mut source = from_environment(&environment);
    source.file = Some(configured_path.clone());
    source.credentials_directory = Some(credentials.path().to_owned());
    assert_eq!(load(&source, data.path()).expect("found"), (environment, Origin::Environment));
    source.environment = None;
    assert_eq!(load(&source, data.path()).expect("found"), (configured, Origin::File(configured_path)));
    source.file = None;
    let path = credentials.path().join("galena-master-key");
    assert_eq!(load(&source, data.path()).expect("found"), (credential, Origin::Credential(path.clone())));
    fs::remove_file(path).expect("removed");
    assert_eq!(load(&source, data.path()).expect("found").0, own, "a credential directory without ours");
}

#[test]
fn a_key_is_read_in_every_form_it_is_handed_around_in() {
    let data = tempfile::tempdir().expect("a directory");
    let bytes: [u8; 32] = std::array::from_fn(|n| 0xf8 ^ n as u8);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = "+Pn6+/z9/v/w8fLz9PX29+jp6uvs7e7v4OHi4+Tl5uc=";
    let url_safe = base64.replace('+', "-").replace('/', "_");
    let forms =
        [hex.clone(), hex.to_uppercase(), base64.to_owned(), url_safe, base64.replace('=', ""), format!(" {hex}\n")];
    for form in forms {
        let (key, _) = load(&from_environment(&form), data.path()).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(key, base64, "{form}");
    }
    fs::write(data.path().join(MASTER_KEY_FILE), bytes).expect("written");
    assert_eq!(load(&MasterKeySource::default(), data.path()).expect("raw bytes in a file").0, base64);
}

#[test]
fn what_is_no_key_is_refused_without_showing_it_and_without_making_another() {
    let data = tempfile::tempdir().expect("a directory");
    let random = Counting::default();
    for wrong in ["secret", &"g".repeat(64), &"é".repeat(32), "AAAA", &"A".repeat(5000)] {
        let error = MasterKey::load_or_create(&from_environment(wrong), data.path(), &random).expect_err("refused");
        assert!(matches!(error, CryptError::MalformedMasterKey { .. }), "{error}");
        assert!(!error.to_string().contains(wrong) && error.to_string().contains("GALENA_MASTER_KEY"), "{error}");
    }
    let source = MasterKeySource { file: Some(data.path().join("not there")), ..MasterKeySource::default() };
    let error = MasterKey::load_or_create(&source, data.path(), &random).expect_err("a configured file must be there");
    assert!(matches!(error, CryptError::KeyFile { .. }));
    assert!(!data.path().join(MASTER_KEY_FILE).exists());
}

#[test]
fn what_one_run_sealed_the_next_opens_and_another_master_key_does_not() {
    let data = tempfile::tempdir().expect("a directory");
    let random = Counting::default();
    let source = MasterKeySource::default();
    let (master, _) = MasterKey::load_or_create(&source, data.path(), &random).expect("made");
    let data_key = DataKey::generate(&random);
    let wrapped = data_key.wrap(&master, &random).expect("wrapped");
    let sealed = Sealer::new(&data_key).seal(Purpose::Secrets, b"hunter", b"api key", &random).expect("sealed");

    let (again, _) = MasterKey::load(&source, data.path()).expect("found");
    let sealer = Sealer::new(&DataKey::unwrap(&again, &wrapped).expect("unwrapped"));
    assert_eq!(&**sealer.open(Purpose::Secrets, b"hunter", &sealed).expect("opened"), b"api key");

    let other = MasterKey::generate(&random);
    assert!(matches!(DataKey::unwrap(&other, &wrapped), Err(CryptError::WrongMasterKey)));

    // The master key is changed by wrapping again; what was sealed stays readable.
    let rewrapped = sealer_after_change(&again, &other, &wrapped, &random);
    assert!(rewrapped.open(Purpose::Secrets, b"hunter", &sealed).is_ok());
}

fn sealer_after_change(old: &MasterKey, new: &MasterKey, wrapped: &[u8], random: &Counting) -> Sealer {
    let data_key = DataKey::unwrap(old, wrapped).expect("unwrapped");
    let rewrapped = data_key.wrap(new, random).expect("wrapped");
    Sealer::new(&DataKey::unwrap(new, &rewrapped).expect("unwrapped"))
}
