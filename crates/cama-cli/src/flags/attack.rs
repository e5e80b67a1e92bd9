//! Flags of adversarial attacks.

use cama::{Error, Result};
use cama_eval::attack::{Attack, Attacks, Limits};
use clap::Args;

use super::overlay::refuse;

/// What is attacked, and how far.
#[derive(Args)]
#[command(next_help_heading = "Attack")]
pub struct AttackFlags {
    /// Judge adversarial examples too, made on each classifier itself: `pgd:0.1,0.3`, `fgsm:0..0.3/0.1`, `mim:0.1`,
    /// `apgd:0.1`, `apgd-dlr:0.1`, `square:0.1`. The number is the radius: of pixels in [0, 1], of tables in standard
    /// deviations. Options follow colons: `pgd:2:norm=l2:steps=100:step=0.05:restarts=5:eot=4:targeted:no-random-start`, and
    /// `loss=cross-entropy` climbs that in place of the log-odds of error.
    #[arg(long, value_name = "SPEC", num_args = 1..)]
    pub attack: Vec<String>,
    /// How many examples are attacked: the first ones.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "attack")]
    pub attack_limit: usize,
    /// Judge each example, too, under the attack of each radius that misleads most, those made on others included.
    #[arg(long, requires = "attack")]
    pub attack_worst: bool,
    /// The columns of a table that may change: names, `*` for any text in them, `@children`, `@co-parents`; all numbers
    /// among both unless given.
    #[arg(long, value_name = "PATTERN,…", value_delimiter = ',', requires = "attack")]
    pub attack_columns: Vec<String>,
    /// What a radius of 1 is for a column in its own unit, in place of its standard deviation: with `fever=0.5`, `pgd:2`
    /// changes fever by up to 1.
    #[arg(long, value_name = "COLUMN=V,…", value_delimiter = ',', requires = "attack")]
    pub attack_eps: Vec<String>,
    /// The lowest and highest that a column may become, in its own unit; either may be left out.
    #[arg(long, value_name = "COLUMN=LOW..HIGH,…", value_delimiter = ',', requires = "attack")]
    pub attack_range: Vec<String>,
}

impl AttackFlags {
    /// Every attack at every strength, none twice.
    ///
    /// # Errors
    ///
    /// If one is written wrongly, or nothing is to be attacked.
    pub fn attacks(&self) -> Result<Vec<Attack>> {
        if self.attack_limit == 0 {
            return Err(Error::config("attack-limit", 0, "1 or more"));
        }
        let mut all: Vec<Attack> = Vec::new();
        for spec in &self.attack {
            for attack in spec.parse::<Attacks>()?.into_points() {
                if !all.contains(&attack) {
                    all.push(attack);
                }
            }
        }
        Ok(all)
    }

    /// The columns, and how far each may go.
    ///
    /// # Errors
    ///
    /// If something is written wrongly, or says nothing about such data.
    pub fn limits(&self, images: bool) -> Result<Limits> {
        if images {
            refuse(
                "images",
                &[
                    ("attack-columns", !self.attack_columns.is_empty()),
                    ("attack-eps", !self.attack_eps.is_empty()),
                    ("attack-range", !self.attack_range.is_empty()),
                ],
            )?;
        }
        Ok(Limits {
            columns: self.attack_columns.clone(),
            eps: self.attack_eps.iter().map(|text| Limits::parse_eps(text)).collect::<Result<_>>()?,
            ranges: self.attack_range.iter().map(|text| Limits::parse_range(text)).collect::<Result<_>>()?,
        })
    }
}
