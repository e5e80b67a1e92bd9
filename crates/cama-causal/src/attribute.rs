//! What attributes of a variable say of whether it is observed, the same in every format.

/// Whether `attribute = value` says that a variable is observed; none if it says nothing of that.
///
/// An attribute without a value, as dagitty writes `latent`, has the value `None`.
pub(super) fn observed(attribute: &str, value: Option<&str>) -> Result<Option<bool>, String> {
    let says = match value.map(|value| value.trim().to_lowercase()).as_deref() {
        None | Some("yes" | "true" | "1" | "1.0") => Some(true),
        Some("no" | "false" | "0" | "0.0") => Some(false),
        Some(_) => None,
    };
    let wrong = || format!("{attribute} = `{}` is neither yes nor no", value.unwrap_or_default());
    match attribute.to_lowercase().as_str() {
        "observed" => Ok(Some(says.ok_or_else(wrong)?)),
        "latent" | "unobserved" => Ok(Some(!says.ok_or_else(wrong)?)),
        _ => Ok(None),
    }
}

/// Whether this is the label that DoWhy gives to all causes that nobody observed.
pub(super) fn is_label_of_unobserved(label: &str) -> bool {
    label.trim().eq_ignore_ascii_case("unobserved confounders")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_observed_is_said_in_several_ways() {
        for (attribute, value, says) in [
            ("observed", Some("no"), Some(false)),
            ("observed", Some("False"), Some(false)),
            ("Observed", Some("yes"), Some(true)),
            ("latent", None, Some(false)),
            ("latent", Some("1"), Some(false)),
            ("latent", Some("no"), Some(true)),
            ("pos", Some("0,1"), None),
        ] {
            assert_eq!(observed(attribute, value), Ok(says), "{attribute} {value:?}");
        }
        assert!(
            observed("observed", Some("perhaps")).unwrap_err().contains("`perhaps` is neither yes nor no")
        );
    }
}
