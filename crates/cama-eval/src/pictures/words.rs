//! Inferred parameters of mechanisms in words that a person reads.

use cama::Mechanisms;
use cama::mechanism::{FieldSummary, Parameter};

/// Parameters that are reported of an example at most.
const MOST: usize = 3;

/// What is nearer to zero than so many standard deviations of its prior is not reported: it cannot be seen.
const LEAST: f32 = 0.25;

/// What is nearer to zero than so many of its own standard deviations is not reported: it may be zero.
const SURE: f32 = 2.0;

/// The parameters of explicit mechanisms that matter, as [`described`], the strongest first; `m` and `sd` are the mean
/// and the standard deviations of q2(m|x), in standard deviations of the prior.
pub fn in_words(mechanisms: &Mechanisms, m: &[f32], sd: &[f32]) -> Vec<String> {
    let reported = |((explicit, m), sd): ((bool, &f32), &f32)| explicit && m.abs() >= LEAST.max(SURE * sd);
    let matters = mechanisms.explicit().into_iter().zip(m).zip(sd).map(reported);
    let parameters = mechanisms.parameters();
    let mut at: Vec<usize> = matters.enumerate().filter_map(|(i, reported)| reported.then_some(i)).collect();
    at.sort_by(|&a, &b| m[b].abs().total_cmp(&m[a].abs()));
    at.truncate(MOST);
    at.into_iter().map(|i| described(&parameters[i], m[i].into(), sd[i].into())).collect()
}

/// A share of the image, a logarithm of a gain and a bias that cannot be seen.
const LEAST_SHARE: f32 = 0.02;
const LEAST_LOG_GAIN: f32 = 0.1;
const LEAST_BIAS: f32 = 0.05;

/// What a field found, as far as it can be seen, such as `51% inverted` or `gain .63`.
pub fn field_in_words(field: &FieldSummary) -> Vec<String> {
    let FieldSummary { covered, inverted, gain, bias } = *field;
    let mut words = Vec::new();
    for (share, what) in [(covered, "covered"), (inverted, "inverted")] {
        if share >= LEAST_SHARE {
            words.push(format!("{:.0}% {what}", 100.0 * share));
        }
    }
    if gain.ln().abs() >= LEAST_LOG_GAIN {
        words.push(format!("gain {}", short(gain.into(), 2)));
    }
    if bias.abs() >= LEAST_BIAS {
        words.push(format!("bias {}{}", sign(bias.into()), short(bias.abs().into(), 2)));
    }
    words
}

/// A parameter in its unit with its standard deviation, such as `down 6.1±.2px` or `turned −31±2°`; `m` and `sd` are in
/// standard deviations of the prior. Turns are counter-clockwise.
pub fn described(parameter: &Parameter, m: f64, sd: f64) -> String {
    let value = parameter.value(m);
    let sd = parameter.sd(m, sd);
    let moved = |towards: [&str; 2]| {
        let towards = towards[usize::from(value > 0.0)];
        format!("{towards} {}px", with_sd(value.abs(), sd, 1))
    };
    match parameter.name.as_str() {
        "shift right" => moved(["left", "right"]),
        "shift down" => moved(["up", "down"]),
        "rotation" => format!("turned {}{}°", sign(value), with_sd(value.abs(), sd, 0)),
        "width" => format!("×{} wide", with_sd(value, sd, 2)),
        "height" => format!("×{} tall", with_sd(value, sd, 2)),
        "shear" => format!("slant {}{}", sign(value), with_sd(value.abs(), sd, 2)),
        "gain" => format!("gain {}", with_sd(value, sd, 2)),
        "bias" => format!("bias {}{}", sign(value), with_sd(value.abs(), sd, 2)),
        name if parameter.exponential => format!("{name} ×{}", with_sd(value, sd, 2)),
        name => format!("{name} {}{} {}", sign(value), with_sd(value.abs(), sd, 2), parameter.unit),
    }
}

fn sign(value: f64) -> &'static str {
    if value < 0.0 { "−" } else { "+" }
}

/// A value that is not negative, and its standard deviation, with so many decimals; never as if it were exact.
fn with_sd(value: f64, sd: f64, decimals: usize) -> String {
    let least = 10f64.powi(-(decimals as i32));
    format!("{}±{}", short(value, decimals), short(sd.max(least), decimals))
}

/// Without the zero before the point, which takes room.
fn short(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix("0.") {
        Some(rest) => format!(".{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use cama::mechanism::MechanismConfig;
    use cama::{Config, ConvolutionalConfig, DeepCama, ModelConfig, TrunkConfig};

    use super::*;

    fn model(mechanisms: &str) -> DeepCama {
        let mut config = ModelConfig {
            z: 2,
            mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
            ..ModelConfig::fast([1, 28, 28], 3)
        };
        config.network.hidden = 4;
        config.network.trunk =
            TrunkConfig::Convolutional(ConvolutionalConfig { channels: 2, ..Default::default() });
        DeepCama::new(&config.check().unwrap(), 0, &cama::device("cpu").unwrap())
    }

    #[test]
    fn every_parameter_is_reported_in_its_unit() {
        let model = model("affine,photometric");
        let parameters = model.mechanisms().unwrap().parameters();
        let words = |m: f64| parameters.iter().map(|p| described(p, m, 0.1)).collect::<Vec<_>>();
        // One standard deviation of the default priors: half of 14 pixels, 0.4 rad, exp .2, .3, exp .5, .3.
        let up = ["right 7.0±.7px", "down 7.0±.7px", "turned +23±2°", "×1.22±.02 wide", "×1.22±.02 tall"];
        assert_eq!(words(1.0)[..5], up);
        assert_eq!(words(1.0)[5..], ["slant +.30±.03", "gain 1.65±.08", "bias +.30±.03"]);
        let down = ["left 14.0±.7px", "up 14.0±.7px", "turned −46±2°", "×.67±.01 wide", "×.67±.01 tall"];
        assert_eq!(words(-2.0)[..5], down);
        assert_eq!(words(-2.0)[5..], ["slant −.60±.03", "gain .37±.02", "bias −.60±.03"]);
        // Nothing is reported as if it were exact.
        assert_eq!(described(&parameters[2], 1.0, 1e-6), "turned +23±1°");
    }

    #[test]
    fn of_a_field_what_can_be_seen_is_reported() {
        let nothing = FieldSummary { covered: 0.01, inverted: 0.0, gain: 1.05, bias: -0.02 };
        assert!(field_in_words(&nothing).is_empty());
        let much = FieldSummary { covered: 0.117, inverted: 0.5, gain: 0.63, bias: -0.2 };
        assert_eq!(field_in_words(&much), ["12% covered", "50% inverted", "gain .63", "bias −.20"]);
    }

    #[test]
    fn only_what_matters_is_reported_and_the_strongest_first() {
        let model = model("affine,latent");
        let parts = model.mechanisms().unwrap();
        let mut m = vec![0.0; parts.dim()];
        let mut sd = vec![0.1; parts.dim()];
        assert!(in_words(parts, &m, &sd).is_empty());
        // A shift to the left, a turn that is sure, one that is not, a latent component that has no words.
        m[0] = -0.5;
        m[2] = 1.0;
        (m[3], sd[3]) = (0.9, 0.5);
        m[4] = 0.2;
        m[10] = 3.0;
        assert_eq!(in_words(parts, &m, &sd), ["turned +23±2°", "left 3.5±.7px"]);
        (m[1], m[5]) = (0.8, 0.6);
        assert_eq!(in_words(parts, &m, &sd), ["turned +23±2°", "down 5.6±.7px", "slant +.18±.03"]);
    }
}
