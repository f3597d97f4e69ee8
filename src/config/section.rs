//! How a section of `config.toml` is declared: each key once, with its explanation and its default.
//!
//! From the one declaration come the struct, its defaults, the reading, the list of known keys (for "did you mean")
//! and the commented text of `galena config print`.

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    /// The lines of its explanation, as they stand above it in `config.toml`.
    pub doc: &'static [&'static str],
}

/// What every section can say about itself.
pub trait Section: Default + serde::Serialize {
    const NAME: &'static str;
    const DOC: &'static [&'static str];
    const KEYS: &'static [Key];
}

macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        pub struct $section:ident = $name:literal {
            $($(#[doc = $key_doc:literal])* pub $key:ident: $kind:ty = $default:expr;)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $section {
            $($(#[doc = $key_doc])* #[serde(skip_serializing_if = "crate::config::section::Unset::is_unset")] pub $key: $kind,)*
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl crate::config::section::Section for $section {
            const NAME: &'static str = $name;
            const DOC: &'static [&'static str] = &[$($doc,)*];
            const KEYS: &'static [crate::config::section::Key] =
                &[$(crate::config::section::Key { name: stringify!($key), doc: &[$($key_doc,)*] },)*];
        }
    };
}
pub(crate) use section;

/// TOML has no null: a key without a value is left out.
pub trait Unset {
    fn is_unset(&self) -> bool {
        false
    }
}

impl<T> Unset for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }
}

macro_rules! always_set {
    ($($kind:ty),* $(,)?) => { $(impl Unset for $kind {})* };
}

always_set!(
    bool,
    u8,
    u16,
    u32,
    u64,
    usize,
    String,
    std::net::SocketAddr,
    super::quantity::ByteSize,
    super::quantity::Period,
    super::log::LogFormat,
);
impl<T> Unset for Vec<T> {}
