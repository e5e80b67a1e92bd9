//! Pages for people: one HTML file each, which needs no network and no scripts.

mod drift;
mod evaluation;
mod rehearsal;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use self::drift::drift;
pub use self::evaluation::evaluation;
pub use self::rehearsal::{Shown, rehearsal};

/// A whole page.
fn page(title: &str, body: Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body { main { h1 { (title) } (body) } }
        }
    }
    .into_string()
}

/// A picture within the page.
fn picture(png: &[u8], alt: &str) -> Markup {
    html! { img src={ "data:image/png;base64," (STANDARD.encode(png)) } alt=(alt); }
}

/// A share from 0 to 1 as a bar with its number.
fn bar(share: f64, class: &str) -> Markup {
    let width = format!("width:{:.1}%", 100.0 * share.clamp(0.0, 1.0));
    html! {
        span.bar { span class={ "fill " (class) } style=(width) {} }
        span.number { (percent(share)) }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}
