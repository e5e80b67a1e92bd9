//! The files of a simulation that are for others to read: `table.csv` and `README.md`.

use std::io::Write;
use std::ops::ControlFlow;

use super::config::StructuralConfig;
use super::sample::Sample;
use super::simulation::Simulation;
use super::variables::in_short;
use crate::{Error, Result};

/// Rows that are held in memory at a time.
const CHUNK: u64 = 1024;

impl Simulation {
    /// Writes the table as CSV: a line of names, then a line a row, numbers so that they are read back to the last
    /// bit. However many rows there are, few are in memory at a time. Counts the rows of each class.
    ///
    /// `observe` is told how many rows are written, now and then, and can stop it.
    ///
    /// # Errors
    ///
    /// As [`StructuralModel::sample`](super::StructuralModel::sample); [`Error::Io`] if `out` fails; and
    /// [`Error::Interrupted`] if `observe` stops it.
    pub fn write_table(
        &self,
        out: &mut impl Write,
        observe: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Vec<u64>> {
        let failed = |error| Error::io("write", "table.csv")(error);
        let classes = self.model.classes();
        let mut counts = vec![0; classes.len()];
        writeln!(out, "{}", self.model.columns().join(",")).map_err(failed)?;
        let mut first = self.rows.start;
        while first < self.rows.end {
            let end = self.rows.end.min(first.saturating_add(CHUNK));
            let sample = self.model.sample(first..end, &self.interventions)?;
            write_rows(&sample, &classes, out).map_err(failed)?;
            sample.classes.iter().for_each(|class| counts[*class] += 1);
            first = end;
            if observe(end - self.rows.start).is_break() {
                return Err(Error::Interrupted("nothing is written".into()));
            }
        }
        Ok(counts)
    }

    /// The page about the simulation for people, in Markdown; `counts` are the rows of each class.
    pub(super) fn readme(&self, command: &str, counts: &[u64]) -> String {
        let StructuralConfig { parents, co_parents, children, classes, latents, noise } = self.model.config();
        let (first, last) = (self.rows.start, self.rows.end.saturating_sub(1));
        let interventions = match &self.interventions[..] {
            [] => "none".to_string(),
            some => some.iter().map(|i| format!("`do({i})`")).collect::<Vec<_>>().join(", "),
        };
        let mut text = format!(
            "# A simulated table\n\nDrawn by `cama simulate` from a structural causal model with random, non-linear \
             mechanisms; it measures nothing real.\n\n    {command}\n\n\
             - variables: {}\n- parents of Y: {parents}; co-parents: {co_parents}; children: {children}, noise {noise}; \
             unobserved causes: {latents}; classes: {classes}\n\
             - rows: {first} to {last} of the model's endless table, {} in all\n- interventions: {interventions}\n\
             - seed of the model: {}\n\n\
             A variable is computed from its causes, then changed by the interventions on it; what it causes follows. \
             The same row of the same model under other interventions has the same noise: the two can be compared row \
             by row.\n\n\
             | file | content |\n|---|---|\n| `table.csv` | the rows: A (parents), C (co-parents), X (children), Y |\n\
             | `graph.dot` | the causal graph; Z are the unobserved causes |\n\
             | `model.json` | the model with all its constants; `cama simulate --from` draws from it again |\n\n\
             | class | rows |\n|---|---|\n",
            in_short(self.model.config()),
            self.rows.end - first,
            self.model.seed(),
        );
        for (class, count) in self.model.classes().iter().zip(counts) {
            text += &format!("| {class} | {count} |\n");
        }
        text
    }
}

fn write_rows(sample: &Sample, classes: &[String], out: &mut impl Write) -> std::io::Result<()> {
    for (row, class) in sample.classes.iter().enumerate() {
        for column in [&sample.parents, &sample.co_parents, &sample.children].into_iter().flatten() {
            write!(out, "{},", column[row])?;
        }
        writeln!(out, "{}", classes[*class])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{StructuralConfig, StructuralModel};
    use super::*;

    fn simulation(rows: std::ops::Range<u64>) -> Simulation {
        let model = StructuralModel::draw(&StructuralConfig::default(), 9).unwrap();
        Simulation { model, rows, interventions: vec!["C1+=1".parse().unwrap()] }
    }

    fn go_on(_: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn the_table_is_the_sample_to_the_last_bit() {
        // More than one chunk.
        let simulation = simulation(5..5 + CHUNK + 10);
        let mut bytes = Vec::new();
        let mut told = Vec::new();
        let counts = simulation
            .write_table(&mut bytes, &mut |rows| {
                told.push(rows);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(told, [CHUNK, CHUNK + 10]);
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("A1,A2,A3,A4,A5,C1,C2,C3,C4,C5,X1,X2,X3,X4,X5,X6,X7,X8,X9,X10,Y"));
        let sample = simulation.model.sample(simulation.rows.clone(), &simulation.interventions).unwrap();
        for (row, line) in lines.enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            let number = |i: usize| cells[i].parse::<f64>().unwrap();
            assert_eq!(number(0), sample.parents[0][row]);
            assert_eq!(number(5), sample.co_parents[0][row]);
            assert_eq!(number(19), sample.children[9][row]);
            assert_eq!(cells[20], format!("y{}", sample.classes[row]));
            assert_eq!(cells.len(), 21);
        }
        assert_eq!(text.lines().count() as u64, CHUNK + 11);
        assert_eq!(counts.iter().sum::<u64>(), CHUNK + 10);
        assert_eq!(counts[2], sample.classes.iter().filter(|y| **y == 2).count() as u64);
    }

    #[test]
    fn it_can_be_stopped() {
        let stopped = simulation(0..10_000).write_table(&mut Vec::new(), &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(Error::Interrupted(_))));
    }

    #[test]
    fn the_page_says_how_the_table_was_made() {
        let simulation = simulation(10..40);
        let counts = simulation.write_table(&mut Vec::new(), &mut go_on).unwrap();
        let text = simulation.readme("cama simulate --out d", &counts);
        for part in [
            "    cama simulate --out d",
            "rows: 10 to 39",
            "30 in all",
            "`do(C1+=1)`",
            "seed of the model: 9",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.contains(&format!("| y4 | {} |", counts[4])), "{text}");
    }
}
