//! Whether a claim holds, as it is shown.

use maud::{Markup, html};

use crate::outcome::Holds;

/// A verdict as a sign and words.
pub(super) fn verdict(holds: Holds) -> Markup {
    let (class, words) = match holds {
        Holds::Yes => ("good", "holds"),
        Holds::Partly => ("part", "holds partly"),
        Holds::No => ("bad", "does not hold"),
        Holds::Unknown => ("open", "not measured"),
    };
    html! {
        span class={ "verdict " (class) } {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
                circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" stroke-width="1.5"
                    stroke-dasharray=(if holds == Holds::Unknown { "2 2" } else { "none" }) {}
                @match holds {
                    Holds::Yes => path d="M4.6 8.3 7 10.7 11.5 5.6" fill="none" stroke="currentColor" stroke-width="1.8" {},
                    Holds::Partly => path d="M8 1A7 7 0 0 0 8 15Z" fill="currentColor" {},
                    Holds::No => path d="M5.2 5.2 10.8 10.8M10.8 5.2 5.2 10.8" fill="none" stroke="currentColor"
                        stroke-width="1.8" {},
                    Holds::Unknown => circle cx="8" cy="8" r="1.4" fill="currentColor" {},
                }
            }
            (words)
        }
    }
}
