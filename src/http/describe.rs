//! What every operation of the API description has in common: who may call, and what an error looks like.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Content, InfoBuilder, OpenApi, Ref, ResponseBuilder, Server};
use utoipa::{PartialSchema, ToSchema};

use super::problem::{FieldError, ProblemDocument};

/// Operations that need no caller.
const OPEN: &[&str] = &["/setup", "/session"];

pub(in crate::http) fn complete(api: &mut OpenApi) {
    api.info = InfoBuilder::new()
        .title("Galena")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Lists, leads, imports, enrichment, search and export of one Galena server. Errors are \
             `application/problem+json` with a `code`; the reference page of the error codes says what to do.",
        ))
        .build();
    api.servers = Some(vec![Server::new("/api/v1")]);
    let components = api.components.get_or_insert_with(Components::new);
    components.schemas.insert("Problem".to_owned(), <ProblemDocument<'_> as PartialSchema>::schema());
    components.schemas.insert("FieldError".to_owned(), <FieldError as PartialSchema>::schema());
    let mut further = Vec::new();
    <ProblemDocument<'_> as ToSchema>::schemas(&mut further);
    components.schemas.extend(further);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key, `gal_...`")).build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description(
        super::cookie::SECURE_COOKIE,
        "A browser's session; writes also need X-CSRF-Token",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for (path, item) in &mut api.paths.paths {
        for operation in operations(item) {
            let problem = ResponseBuilder::new()
                .description("What went wrong")
                .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
                .build();
            operation.responses.responses.entry("default".to_owned()).or_insert(problem.into());
            if operation.security.is_none() && !OPEN.contains(&path.as_str()) {
                let none: [String; 0] = [];
                operation.security = Some(vec![
                    SecurityRequirement::new("key", none.clone()),
                    SecurityRequirement::new("session", none),
                ]);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}
