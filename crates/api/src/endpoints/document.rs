//! `/openapi.json` and the reference page at `/docs`, both made from the code.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use crate::routes;

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| routes::document().to_pretty_json().unwrap_or_default());

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::from_str(&DOCUMENT).unwrap_or_default();
    page(&document)
});

const STYLE: &str = include_str!("document.css");

/// Show the document of all routes
#[utoipa::path(get, path = "/openapi.json", tag = "health", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn json() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, DOCUMENT.as_str()).into_response()
}

/// Show the reference
#[utoipa::path(get, path = "/docs", tag = "health", operation_id = "reference",
    responses((status = 200, description = "A page that needs nothing from outside", body = String, content_type = "text/html")))]
pub(crate) async fn reference() -> Html<&'static str> {
    Html(PAGE.as_str())
}

/// Show the reference's style
#[utoipa::path(get, path = "/docs/style.css", tag = "health", operation_id = "referenceStyle",
    responses((status = 200, description = "The style", body = String, content_type = "text/css")))]
pub(crate) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, STYLE).into_response()
}

fn page(document: &Value) -> String {
    let mut text = String::from(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>YTEMPIRE API</title>\
         <link rel=\"stylesheet\" href=\"/docs/style.css\">\n<h1>YTEMPIRE Pipeline API</h1>\n\
         <p>Made from <a href=\"/openapi.json\">/openapi.json</a>. Show your key as \
         <code>Authorization: Bearer yt_…</code>.</p>\n",
    );
    let tags = document["tags"].as_array();
    for tag in tags.into_iter().flatten() {
        let (name, about) = (shown(&tag["name"]), shown(&tag["description"]));
        let _infallible = write!(text, "<h2 id=\"{name}\">{name}</h2>\n<p>{about}</p>\n");
        let paths = document["paths"].as_object();
        for (path, methods) in paths.into_iter().flatten() {
            let methods = methods.as_object();
            for (method, operation) in methods.into_iter().flatten() {
                if operation["tags"][0] == tag["name"] {
                    describe(&mut text, (method, path), operation);
                }
            }
        }
    }
    text + "</html>\n"
}

fn describe(text: &mut String, (method, path): (&str, &str), operation: &Value) {
    let scope = match operation["security"][0]["key"][0].as_str() {
        Some(scope) => format!("scope <code>{}</code>", escape(scope)),
        None => "no key".to_owned(),
    };
    let _infallible = write!(
        text,
        "<section><h3><b>{}</b> <code>{}</code></h3>\n<p>{} <i>{scope}</i></p>\n<p>{}</p>\n",
        method.to_uppercase(),
        escape(path),
        shown(&operation["summary"]),
        shown(&operation["description"]),
    );
    let parameters = operation["parameters"].as_array();
    let parameters: Vec<&Value> = parameters.into_iter().flatten().collect();
    if !parameters.is_empty() {
        text.push_str("<dl>");
        for parameter in parameters {
            let (name, place) = (shown(&parameter["name"]), shown(&parameter["in"]));
            let about = shown(&parameter["description"]);
            let _infallible = write!(text, "<dt><code>{name}</code> ({place})<dd>{about}");
        }
        text.push_str("</dl>\n");
    }
    let content = operation["requestBody"]["content"].as_object();
    if let Some(body) = content.and_then(|content| content.values().next()) {
        let name = body["schema"].to_string();
        let name = name.rsplit('/').next().unwrap_or_default();
        let name = name.trim_matches(|c: char| !c.is_alphanumeric());
        let _infallible = writeln!(text, "<p>Body: <code>{}</code></p>", escape(name));
    }
    let answers = operation["responses"].as_object();
    text.push_str("<dl>");
    for (status, answer) in answers.into_iter().flatten() {
        let (status, about) = (escape(status), shown(&answer["description"]));
        let _infallible = write!(text, "<dt>{status}<dd>{about}");
    }
    text.push_str("</dl></section>\n");
}

fn shown(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
