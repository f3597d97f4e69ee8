//! The fields of the index. A change here, or in how text becomes terms, changes [`schema_hash`] and so leads to a new
//! generation built from the store.

use std::sync::LazyLock;

use tantivy::schema::{
    Field, IndexRecordOption, JsonObjectOptions, NumericOptions, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::TokenizerManager;

use super::analysis::FoldedWords;
use super::field::{ENRICHED, SearchField};
use crate::domain::lead::LeadField;

/// Counted up when the same schema would be filled differently (folding, word cutting, which values go where).
const FILLING_VERSION: u32 = 2;

/// Tantivy's tokenizer that keeps a value whole.
const RAW: &str = "raw";

pub const LEAD: &str = "lead";
pub const LIST: &str = "list";

/// The fields that are not named in the API.
#[derive(Debug, Clone)]
pub struct Fields {
    /// u64, indexed. In every query.
    pub workspace: Field,
    /// u64, indexed (what a delete names) and a column (the answer, and the tie-breaker of every order).
    pub lead: Field,
    /// u64, indexed and a column.
    pub list: Field,
    /// Words with positions of everything a person may search for.
    pub all: Field,
    /// The first one and two letters of the words of names, companies and e-mail local parts.
    pub prefix: Field,
    /// Hosts with the domains above them, and whole e-mails and pages that have no keyword field: [`Self::addresses`] has
    /// the other places.
    pub address: Field,
    /// Digits of phone numbers back to front, so that their last digits are a prefix.
    pub phone_tail: Field,
    /// Names of the API fields that are not empty; custom ones as `customFields.<keyword>`.
    pub present: Field,
    /// `name U+0001 value`, and `name U+0002 number` for values that are numbers. One field for all names: a new custom
    /// field needs no rebuild, and any name is safe.
    /// Facts stand here too, as `U+0002 name U+0001 value`: no custom field can have such a name.
    pub custom: Field,
    /// Columns of the facts.
    pub enriched: Field,
    keywords: Vec<(SearchField, Field)>,
    numbers: Vec<(SearchField, Field)>,
}

impl Fields {
    /// Everywhere an e-mail or page may stand whole. Unique terms are the dearest, so none is kept twice.
    pub fn addresses(&self) -> impl Iterator<Item = Field> {
        let own = [LeadField::Email, LeadField::LinkedInUrl];
        own.into_iter().filter_map(|field| self.named(&SearchField::Lead(field))).chain([self.address])
    }

    /// The index field of a keyword or number field of the API.
    pub fn named(&self, wanted: &SearchField) -> Option<Field> {
        self.numbers.iter().chain(&self.keywords).find(|(field, _)| field == wanted).map(|(_, field)| *field)
    }

    pub fn keywords(&self) -> impl Iterator<Item = (&SearchField, Field)> {
        self.keywords.iter().map(|(field, place)| (field, *place))
    }
}

/// The schema and its fields; the same for every index of this build.
pub static SCHEMA: LazyLock<(Schema, Fields)> = LazyLock::new(|| {
    let mut builder = Schema::builder();
    let fields = add_fields(&mut builder);
    (builder.build(), fields)
});

fn add_fields(builder: &mut SchemaBuilder) -> Fields {
    let indexed = NumericOptions::default().set_indexed();
    Fields {
        workspace: builder.add_u64_field("workspace", indexed.clone()),
        lead: builder.add_u64_field(LEAD, indexed.clone().set_fast()),
        list: builder.add_u64_field(LIST, indexed.set_fast()),
        all: builder.add_text_field("all", text(FoldedWords::NAME, IndexRecordOption::WithFreqsAndPositions)),
        prefix: builder.add_text_field("prefix", keyword()),
        address: builder.add_text_field("address", keyword()),
        phone_tail: builder.add_text_field("phone_tail", keyword()),
        present: builder.add_text_field("present", keyword()),
        custom: builder.add_text_field("custom", keyword()),
        enriched: builder.add_json_field(ENRICHED, JsonObjectOptions::default().set_fast(RAW)),
        keywords: SearchField::keywords()
            .map(|field| {
                let options = if field.has_text_column() { keyword().set_fast(RAW) } else { keyword() };
                let place = builder.add_text_field(field.name(), options);
                (field, place)
            })
            .collect(),
        numbers: SearchField::NUMBERS
            .into_iter()
            .map(|field| {
                let place = builder.add_i64_field(field.name(), NumericOptions::default().set_fast());
                (field, place)
            })
            .collect(),
    }
}

fn text(tokenizer: &str, record: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_fieldnorms(false).set_index_option(record);
    TextOptions::default().set_indexing_options(indexing)
}

fn keyword() -> TextOptions {
    text(RAW, IndexRecordOption::Basic)
}

pub fn tokenizers() -> TokenizerManager {
    // The default ones stay, because tantivy asks for one even for fields that are no texts.
    let manager = TokenizerManager::default();
    manager.register(FoldedWords::NAME, FoldedWords::default());
    manager
}

/// Names schema and filling of an index; kept in every commit.
pub fn schema_hash() -> String {
    let (schema, _) = &*SCHEMA;
    let shape = serde_json::to_string(schema).unwrap_or_default();
    let hash = blake3::hash(format!("{FILLING_VERSION} {shape}").as_bytes()).to_hex();
    hash[..16].to_owned()
}
