//! How ids and times look in the API description.

use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::id;
use crate::domain::time::Time;

macro_rules! ids {
    ($($name:ident),* $(,)?) => {$(
        impl PartialSchema for id::$name {
            fn schema() -> RefOr<Schema> {
                let prefix = <id::$name as id::Id>::PREFIX;
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .pattern(Some(format!("^{prefix}_[0-9a-hjkmnp-tv-z]{{13}}$")))
                    .examples([serde_json::Value::from(format!("{prefix}_01p9s6z4c0000"))])
                    .into()
            }
        }
        impl ToSchema for id::$name {}
    )*};
}

ids!(
    WorkspaceId,
    UserId,
    KeyId,
    SessionId,
    ListId,
    LeadId,
    CompanyId,
    UploadId,
    ImportId,
    RecipeId,
    TaskId,
    JobId,
    ItemId,
    AttemptId,
    ExportId,
    LineId,
    GrantId,
    HoldId,
);

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::Value::from("2026-01-01T00:00:00.000Z")])
            .into()
    }
}

impl ToSchema for Time {}

impl PartialSchema for super::query::Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Integer))
            .minimum(Some(1))
            .maximum(Some(Self::MOST))
            .default(Some(50.into()))
            .into()
    }
}

impl ToSchema for super::query::Limit {}
