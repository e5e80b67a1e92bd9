//! What a model folder says of itself to people.

use burn::module::Module;

use crate::adapt::{AdaptReport, Outcome};
use crate::cama::{Cama, Card, CardEntry, HeldOut};
use crate::data::table::Schema;
use crate::data::{DataShape, Preparation};
use crate::model::GeneratorConfig;
use crate::predict::BankConfig;

impl Cama {
    /// The page about the model for people, in Markdown: `README.md` of its folder.
    pub fn readme(&self) -> String {
        let mut text = self.overview();
        if !self.card.understood.is_empty() {
            text += "\n## What was understood of the training data\n\n";
            self.card.understood.iter().for_each(|line| text += &format!("- {line}\n"));
        }
        text += "\n## How it was made\n\n";
        self.card.commands.iter().for_each(|command| text += &format!("    {command}\n"));
        text += &self.training();
        text += &self.companions();
        text += &self.rehearsed();
        match &self.card.adaptations[..] {
            [] => {}
            [entry] => text += &adaptation(entry, self.noun()),
            [.., last] => text = text + &history(&self.card.adaptations) + &adaptation(last, self.noun()),
        }
        text += &self.shared();
        text
    }

    /// What the data that the model was adapted to shares, of explicit mechanisms.
    fn shared(&self) -> String {
        let (prior, mechanisms) = (&self.model.config().prior_of_data, self.model.mechanisms());
        let Some((prior, mechanisms)) = prior.as_ref().zip(mechanisms) else { return String::new() };
        let components = mechanisms.parameters().into_iter().zip(mechanisms.explicit());
        let known =
            components.zip(std::iter::zip(&prior.mean, &prior.sd)).filter(|((_, explicit), _)| *explicit);
        let rows: String = known
            .map(|((parameter, _), (mean, sd))| {
                let (value, sd) = (parameter.value(*mean), parameter.sd(*mean, *sd));
                format!("| {} ({}) | {value:.3} | {sd:.3} |\n", parameter.name, parameter.unit)
            })
            .collect();
        if rows.is_empty() {
            return rows;
        }
        let noun = self.noun();
        format!(
            "\n## What was done to the data\n\nOver all {noun}s that it was adapted to, p(m) of this data:\n\n\
             | | mean | standard deviation over {noun}s |\n|---|---|---|\n{rows}"
        )
    }

    fn noun(&self) -> &'static str {
        self.model.config().data.noun()
    }

    fn overview(&self) -> String {
        let Card { data, fingerprint, preparation, seed, preset, classes, manipulated, dream_steps, .. } =
            &self.card;
        let prepared = preparation.as_ref().map(|Preparation { shape, background, white, .. }| {
            let made = shape.map(|[c, h, w]| {
                format!("- images are made: {c}×{h}×{w}, transparency on the grey level {background}\n")
            });
            let white = white.map(|white| format!("- white is: {white}\n"));
            made.into_iter().chain(white).collect::<String>()
        });
        let prepared = prepared.unwrap_or_default();
        let fingerprint =
            fingerprint.as_ref().map(|known| format!(" (fingerprint {known})")).unwrap_or_default();
        let mechanisms: Vec<_> = self.model.config().mechanisms.iter().map(|m| m.name()).collect();
        format!(
            "# A deep CAMA model\n\nA causal, generative classifier; `cama info` prints this page, `cama predict` uses it.\n\n\
             - classes: {}\n- {}\n- preset: {preset}\n- X is made by: {}\n- mechanisms: {}\n- parameters: {}\n- training data: {data}{fingerprint}\n{prepared}\
             - manipulated training data: {}\n- dream steps: {dream_steps}\n- seed: {seed}\n",
            classes.join(", "),
            described(&self.model.config().data, self.schema.as_ref()),
            self.generator(),
            if mechanisms.is_empty() { "none".into() } else { mechanisms.join(", ") },
            self.model.num_params(),
            manipulated.as_deref().unwrap_or("none"),
        )
    }

    /// What makes X, in words.
    fn generator(&self) -> String {
        let made = match &self.model.config().generator {
            GeneratorConfig::Network => "networks".to_string(),
            GeneratorConfig::Factor(factors) => {
                let numbers: Vec<String> = factors.iter().map(ToString::to_string).collect();
                let plural = if numbers == ["1"] { "" } else { "s" };
                format!("a factor model of {} factor{plural}", numbers.join(" and "))
            }
        };
        match self.card.held_out {
            Some(HeldOut { network, factor }) => format!(
                "{made} (log p(x, y) of a held-out row: {network:.1} nats with networks, {factor:.1} with a factor model)"
            ),
            None => made,
        }
    }

    /// What damage on purpose has told.
    fn rehearsed(&self) -> String {
        if self.rehearsal.trials.is_empty() {
            return String::new();
        }
        let [kept, refused, harmed, missed] = self.rehearsal.counts();
        format!(
            "\n## Rehearsal\n\nOf {} kinds of damage done on purpose to clean {}s, {kept} would be restored rightly and {refused} left \
             rightly; {harmed} would be restored to their harm, and {missed} left that could have been repaired. `cama rehearse` \
             lists them.\n",
            self.rehearsal.trials.len(),
            self.noun()
        )
    }

    fn training(&self) -> String {
        let Some(last) = self.card.trained() else { return String::new() };
        format!(
            "\n## Training\n\nAfter {} epoch{}, on {}s of the validation set:\n\n\
             | figure | value |\n|---|---|\n| accuracy, do(m=0), K=1 | {:.4} |\n| ELBO(x, y, do(m=0)), nats | {:.2} |\n\
             | log p(x∣y,z,0), nats | {:.2} |\n| KL of z, nats | {:.2} |\n",
            last.epoch,
            if last.epoch == 1 { "" } else { "s" },
            self.noun(),
            last.accuracy,
            last.elbo,
            last.log_px,
            last.kl_z
        )
    }

    /// What stands beside the model.
    fn companions(&self) -> String {
        let (mut text, noun) = (String::new(), self.noun());
        if let Some(direct) = &self.direct {
            text += &format!(
                "\n## Direct classifier\n\nA discriminative network of {} parameters reads what the guard lets restore, or the \
                 {noun} as it is. Its product with Bayes' rule has temperature {:.2}.\n",
                direct.num_params(),
                self.temperature
            );
        }
        if let Some(guard) = &self.guard {
            text += &format!(
                "\n## Guard\n\nFrom {} clean {noun}s: an anomaly score of at most {:.1} nats passes for explained; their mean is \
                 {:.1}.\n",
                guard.examples, guard.threshold, guard.mean
            );
        }
        if let Some(bank) = &self.bank {
            let BankConfig { latents, floor, .. } = bank.config();
            let latents: usize = latents.iter().sum();
            let starts = match latents {
                0 => String::new(),
                _ => format!(
                    "`bank.safetensors` holds {latents} latents, from which the search for z starts. "
                ),
            };
            text += &format!(
                "\n## Robust inference\n\n`--inference optimise` searches for what explains each {noun} best. {starts}A value is \
                 an outlier with probability {floor}, unless `--floor` says otherwise.\n"
            );
        }
        if let Some(kept) = self.clean_examples() {
            text += &format!(
                "\n## Clean examples\n\n`clean.bin` holds {}, drawn at random of the training data, with labels: `cama adapt` uses \
                 them where the training data is gone or has changed. `cama train --keep-clean 0` keeps none.\n",
                self.model.config().data.counted(kept.len())
            );
        }
        text
    }
}

/// What became of every data set that was adapted to.
fn history(entries: &[CardEntry]) -> String {
    let mut text = "\n## Adaptations so far\n\n\
                    | | on | became | restored | as they were | unexplained |\n|---|---|---|---|---|---|\n"
        .to_string();
    for (i, CardEntry { on, report, .. }) in entries.iter().enumerate() {
        let AdaptReport { outcome, restored, as_they_were, unexplained, .. } = report;
        let became = match outcome {
            Outcome::Adapted => "adapted",
            Outcome::AdaptedForSome => "adapted for some",
            Outcome::RolledBack => "rolled back",
        };
        let row = format!("| {} | {on} | {became} | {restored} | {as_they_were} | {unexplained} |\n", i + 1);
        text += &row;
    }
    text
}

fn adaptation(CardEntry { from, on, seed, report }: &CardEntry, noun: &str) -> String {
    // A factor model has no steps of Eq. 8.
    let eq8 = match report.steps {
        0 if report.global_steps > 0 => "no others needed".to_string(),
        steps => format!("{steps} steps of Eq. 8"),
    };
    let mut text = format!(
        "\n## Adaptation\n\nFrom `{from}`, on unlabelled {on}, seed {seed}: {}{eq8}; {}{}.\n\n\
         | figure | before | after |\n|---|---|---|\n| validation bound on log p(x) (Eq. 7), nats | {:.2} | {:.2} |\n",
        global(report),
        report.kept(),
        for_some(report),
        report.elbo_before,
        report.elbo_after,
    );
    if let (Some(before), Some(after)) = (report.clean_before, report.clean_after) {
        text += &format!("| accuracy on clean {noun}s of the validation set | {before:.4} | {after:.4} |\n");
    }
    let AdaptReport { restored, as_they_were, unexplained, .. } = report;
    if restored + as_they_were + unexplained > 0 {
        text += &format!(
            "\nThe guard, on all of the unlabelled {noun}s: {restored} restored, {as_they_were} left as they were, {unexplained} \
             unexplained.\n"
        );
    }
    text
}

/// That an adaptation is one for some of the examples, if it is.
fn for_some(report: &AdaptReport) -> &'static str {
    match report.outcome {
        Outcome::AdaptedForSome => " (for some only: the others are explained neither way)",
        Outcome::Adapted | Outcome::RolledBack => "",
    }
}

/// The steps before those of Eq. 8, in words.
fn global(report: &AdaptReport) -> String {
    match report.global_steps {
        0 => String::new(),
        steps => format!("{steps} steps on a global m, then "),
    }
}

/// What the model reads, in words.
fn described(shape: &DataShape, schema: Option<&Schema>) -> String {
    if let Some(schema) = schema {
        let listed = |names: Vec<String>| if names.is_empty() { "none".into() } else { names.join(", ") };
        let [parents, children, co_parents] = schema.roles().map(listed);
        return format!(
            "target (Y): {}\n- parents (A): {parents}\n- children (X): {children}\n- co-parents (C): {co_parents}",
            schema.target
        );
    }
    match shape {
        DataShape::Image([c, h, w]) => {
            format!("images: {c}×{h}×{w}, pixels in [0, 1]")
        }
        // Not from a file: a model that was made without a schema.
        DataShape::Table(table) => {
            let children: Vec<_> = table.children.iter().map(|column| column.name.as_str()).collect();
            format!("children (X): {}", children.join(", "))
        }
    }
}
