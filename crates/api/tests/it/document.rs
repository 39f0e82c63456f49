//! The `OpenAPI` document and the page that is made from it.

use serde_json::Value;

#[test]
fn the_document_is_as_it_was() {
    let text = api::document().to_pretty_json().unwrap();
    insta::assert_snapshot!("openapi", text);
}

/// Every place that `value` refers to.
fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}

#[test]
fn everything_is_described_and_nothing_refers_to_nothing() {
    let document = serde_json::to_value(api::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.contains(&"#/components/schemas/Brief"));
    for reference in found {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference}");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
                "{what}"
            );
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id), "{what}: {id} is taken");
        }
    }
}
