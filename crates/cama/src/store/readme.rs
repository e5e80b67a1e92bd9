//! What a model folder says of itself to people.

use burn::module::Module;

use super::{Adaptation, Card, StoredModel};
use crate::adapt::{AdaptReport, Outcome};
use crate::data::table::Schema;
use crate::input::Input;

impl StoredModel {
    /// The page about the model for people, in Markdown: `README.md` of its folder.
    pub fn readme(&self) -> String {
        let Card { data, seed, preset, classes, manipulated, commands, history, adaptations, .. } =
            &self.card;
        let mechanisms: Vec<_> = self.model.config().mechanisms.iter().map(|m| m.name()).collect();
        let input = &self.model.config().input;
        let mut text = format!(
            "# A deep CAMA model\n\nA causal, generative classifier; `cama info` prints this page, `cama predict` uses it.\n\n\
             - classes: {}\n- {}\n- preset: {preset}\n- mechanisms: {}\n\
             - parameters: {}\n- training data: {data}\n- manipulated training data: {}\n- dream steps: {}\n- seed: {seed}\n",
            classes.join(", "),
            described(input, self.schema.as_ref()),
            if mechanisms.is_empty() { "none".into() } else { mechanisms.join(", ") },
            self.model.num_params(),
            manipulated.as_deref().unwrap_or("none"),
            self.card.dream_steps,
        );
        text += "\n## How it was made\n\n";
        commands.iter().for_each(|command| text += &format!("    {command}\n"));
        if let Some(last) = history.last() {
            text += &format!(
                "\n## Training\n\nAfter {} epochs, on {}s held out of the training data:\n\n\
                 | figure | value |\n|---|---|\n| accuracy, do(m=0), K=1 | {:.4} |\n| ELBO(x, y, do(m=0)), nats | {:.2} |\n\
                 | log p(x∣y,z,0), nats | {:.2} |\n| KL of z, nats | {:.2} |\n",
                last.epoch,
                input.noun(),
                last.accuracy,
                last.elbo,
                last.log_px,
                last.kl_z
            );
        }
        if let Some(head) = &self.head {
            text += &format!(
                "\n## Head\n\nA discriminative network of {} parameters reads what the guard lets restore, or the {} as it is. \
                 Its product with Bayes' rule has temperature {:.2}.\n",
                head.num_params(),
                input.noun(),
                head.temperature()
            );
        }
        if let Some(guard) = &self.guard {
            text += &format!(
                "\n## Guard\n\nFrom {} clean {}s: a misfit of {:.1} nats passes for explained; their mean is {:.1}.\n",
                guard.examples,
                input.noun(),
                guard.bar,
                guard.mean
            );
        }
        for Adaptation { from, on, seed, report } in adaptations {
            text += &format!(
                "\n## Adaptation\n\nFrom `{from}`, on unlabelled {on}, seed {seed}: {}the state after {} of {} steps of Eq. 8 kept{}.\n\n\
                 | figure | before | after |\n|---|---|---|\n| held-out log p(x) bound (Eq. 7), nats | {:.2} | {:.2} |\n",
                shared(report),
                report.kept_step,
                report.steps,
                outcome(report),
                report.elbo_before,
                report.elbo_after,
            );
            if let (Some(before), Some(after)) = (report.clean_before, report.clean_after) {
                text +=
                    &format!("| accuracy on held-out clean {}s | {before:.4} | {after:.4} |\n", input.noun());
            }
            if report.restored + report.as_they_were + report.unexplained > 0 {
                text += &format!(
                    "\nThe guard, on all of the unlabelled {}s: {} restored, {} left as they were, {} unexplained.\n",
                    input.noun(),
                    report.restored,
                    report.as_they_were,
                    report.unexplained
                );
            }
        }
        text
    }
}

/// What became of an adaptation, in words, if it is worth words.
fn outcome(report: &AdaptReport) -> String {
    match (&report.left, report.outcome) {
        (Some(left), _) => format!(" (rolled back: {left})"),
        (None, Outcome::RolledBack) => " (rolled back)".into(),
        (None, Outcome::AdaptedForSome) => " (for some only: the others are explained neither way)".into(),
        (None, Outcome::Adapted) => String::new(),
    }
}

/// The steps before those of Eq. 8, in words.
fn shared(report: &AdaptReport) -> String {
    match report.shared_steps {
        0 => String::new(),
        steps => format!("{steps} steps on what was done to all alike, then "),
    }
}

/// What the model reads, in words.
fn described(input: &Input, schema: Option<&Schema>) -> String {
    if let Some(schema) = schema {
        let listed = |names: Vec<String>| if names.is_empty() { "none".into() } else { names.join(", ") };
        let [parents, children, co_parents] = schema.roles().map(listed);
        return format!(
            "target (Y): {}\n- parents (A): {parents}\n- children (X): {children}\n- co-parents (C): {co_parents}",
            schema.target
        );
    }
    match input {
        Input::Image(image) => {
            let [c, h, w] = image.shape;
            format!("images: {c}×{h}×{w}, pixels in [0, 1]")
        }
        // Not from a file: a model that was made without a schema.
        Input::Table(table) => {
            let children: Vec<_> = table.children.iter().map(|column| column.name.as_str()).collect();
            format!("children (X): {}", children.join(", "))
        }
    }
}
