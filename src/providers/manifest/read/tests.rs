//! What is told about a manifest that cannot be used.

use super::*;

const SMALL: &str = r#"
slug = "acme-data"
name = "Acme Data"
docs = "https://docs.acme.example"
region = "eu"
base_url = "https://api.acme.example"
auth = { kind = "bearer" }

[operations."email.find"]
needs = [["firstName", "lastName", "companyDomain"]]

[operations."email.find".request]
path = "/find"
query = { first = "{{ firstName }}" }

[operations."email.find".map]
email = "email"
"#;

fn told(change: impl Fn(&str) -> String) -> Vec<String> {
    match read("acme.toml", &change(SMALL)) {
        Ok(_) => Vec::new(),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

#[test]
fn a_small_manifest_is_enough() {
    let manifest = read("acme.toml", SMALL).expect("a manifest");
    assert_eq!(manifest.operations[0].settles, ["email"]);
    assert_eq!(manifest.base_url, "https://api.acme.example");
}

#[test]
fn a_single_plan_is_the_default_and_of_several_one_is_named() {
    let with = |more: &str| format!("{SMALL}\n[plans.free]\nlimits = [{{ calls = 100, per = \"1m\" }}]\n{more}");
    let manifest = read("acme.toml", &with("")).expect("a manifest");
    assert_eq!(manifest.default_plan.as_deref(), Some("free"));
    let two = with("[plans.paid]\nlimits = [{ calls = 900, per = \"1m\" }]\n");
    assert!(told(|_| two.clone())[0].contains("lacks the key `default_plan`"));
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_key() {
    for (from, to, line) in [
        ("region = \"eu\"", "regoin = \"eu\"", "acme.toml:5: regoin is not known; did you mean `region`?"),
        ("path = \"/find\"", "path = \"find\"", "acme.toml:13: operations.email.find.request.path must begin with /"),
        (
            "{{ firstName }}",
            "{{ fristName }}",
            "acme.toml:14: operations.email.find.request.query.first uses `fristName`",
        ),
        (
            "email = \"email\"",
            "email = \"a[\"",
            "acme.toml:17: operations.email.find.map.email is no JMESPath expression",
        ),
        (
            "email = \"email\"",
            "emial = \"email\"",
            "acme.toml:17: operations.email.find.map.emial is no field; did you mean `email`",
        ),
        (
            "kind = \"bearer\"",
            "kind = \"baerer\"",
            "acme.toml:7: auth.kind \"baerer\" is no kind of auth; did you mean `bearer`",
        ),
        ("\"lastName\"", "\"surname\"", "acme.toml:10: operations.email.find.needs[0][1] \"surname\" is no input"),
        ("email.find\"]", "email.fnid\"]", "acme.toml:"),
        (
            "email = \"email\"",
            "\"custom.birthDate\" = \"x\"",
            "acme.toml:17: operations.email.find.map.custom.birthDate is a sensitive kind",
        ),
        (
            "email = \"email\"",
            "street = \"x\"",
            "acme.toml:17: operations.email.find.map.street may be where the person lives",
        ),
        ("slug = \"acme-data\"", "slug = \"Acme\"", "acme.toml:2: slug \"Acme\" may only have small letters"),
        ("docs = \"https://docs.acme.example\"", "docs = 7", "acme.toml:4: docs must be a text, not a number"),
        ("auth = { kind = \"bearer\" }", "auth = { kind = \"header\" }", "acme.toml:7: auth lacks the key `name`"),
        ("name = \"Acme Data\"", "name = ", "acme.toml:3: "),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let problems = told(|text| text.replace(from, to));
        assert!(problems.iter().any(|problem| problem.starts_with(line)), "{to}: {problems:#?}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let problems = told(|text| text.replace("region", "regoin").replace("/find", "find").replace("slug = ", "slag = "));
    assert!(problems.len() >= 4, "{problems:#?}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(noise in "\\PC{0,30}", at in 0_usize..600) {
        let mut text = SMALL.to_owned();
        let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &noise);
        let _ = read("acme.toml", &text);
    }
}
