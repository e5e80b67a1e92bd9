//! Restored rows of a table: the same table with the children's shifts and scales undone.

use std::collections::BTreeSet;
use std::io::Write;

use cama::causal::Role;
use cama::data::table::{Column, Edit, Kind, Rewriter, Rows, edits, rows_in_a_batch};
use cama::data::{Dataset, Names};

use super::Restoring;
use super::report::{Format, Report};
use super::summary::Summary;
use crate::commands::manipulated;
use crate::progress::{count, count_up};
use crate::source::{Source, Wanted};
use crate::writing::write_whole;

type Sink<'a> = Box<dyn Write + Send + 'a>;

/// The two files that are being written.
struct Writing<'a, 'b> {
    table: Rewriter<Sink<'a>>,
    report: Report<Sink<'b>>,
    summary: Summary,
}

impl Restoring<'_> {
    /// Restores the rows and writes the table.
    ///
    /// # Errors
    ///
    /// If the data cannot be used, the results cannot be written, or it is interrupted.
    pub fn rows(&self) -> anyhow::Result<Summary> {
        // A manipulation may mix rows, so all must be there.
        match self.flags.manipulate.is_some() {
            true => self.whole(),
            false => self.stream(),
        }
    }

    /// The rows as they are in the file.
    fn wanted(&self) -> Wanted<'_> {
        let Restoring { flags, cama, session, .. } = *self;
        let (spec, reading) = (&flags.data[..], &flags.reading);
        Wanted { spec, labelled: false, manipulate: None, cama, reading, session }
    }

    /// Restores a table that may be larger than memory.
    fn stream(&self) -> anyhow::Result<Summary> {
        let Restoring { flags, session, .. } = self;
        let spec = &flags.data;
        let wanted = self.wanted();
        let batches = wanted.table_batches()?;
        let bar = count_up(session, "restoring");
        let changing = numeric_children(&self.cama.schema()?.columns);
        let mut done = 0;
        let (summary, rows) = self.write(&changing, |writing| {
            batches.try_for_each(|first, rows| {
                done = first + rows.len();
                self.part(&rows, &rows, first, writing, || bar.inc(1))
            })
        })?;
        bar.finish_and_clear();
        session.notify(spec, &batches.notices());
        self.warn_of_left_out(rows - done);
        Ok(summary)
    }

    /// Restores a table that is manipulated first.
    fn whole(&self) -> anyhow::Result<Summary> {
        let Restoring { flags, session, .. } = self;
        let before = Rows::load(&self.wanted())?;
        let seed = session.seeds.manipulate;
        let after = manipulated(before.clone(), flags.manipulate.as_deref(), seed)?;
        let manipulated = (0..before.len()).flat_map(|i| edits(&before, &after, i, after.x(i)));
        self.judge(&after)?;
        let mut changing: BTreeSet<usize> = manipulated.map(|edit| edit.column).collect();
        changing.extend(numeric_children(&before.schema().columns));
        let changing: Vec<usize> = changing.into_iter().collect();
        let bar = count(session, after.len(), "restoring");
        let (summary, rows) = self.write(&changing, |writing| {
            let parts: Vec<usize> = (0..after.len()).collect();
            for part in parts.chunks(rows_in_a_batch(before.schema())) {
                let [before, after] = [&before, &after].map(|rows| rows.select(part));
                self.part(&before, &after, part[0], writing, || bar.inc(1))?;
            }
            Ok(())
        })?;
        bar.finish_and_clear();
        self.warn_of_left_out(rows - after.len());
        Ok(summary)
    }

    /// Opens both files, lets `each` fill them, and says how many rows the table has.
    fn write(
        &self,
        changing: &[usize],
        each: impl FnOnce(&mut Writing<'_, '_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<(Summary, usize)> {
        let (schema, out, path) = (self.cama.schema()?, self.paths.out.path(), &self.paths.report);
        write_whole(path, |report| {
            // No names yet, but the heading of those that come.
            let names = self.flags.reading.key.as_deref().map(Names::of);
            let report: Sink<'_> = Box::new(report);
            let report = Report::new(report, Format::of(path)?, &self.columns, names.as_ref())?;
            write_whole(out, |table| {
                let table: Sink<'_> = Box::new(table);
                let table = Rewriter::open(&self.flags.data, schema, changing, out, table)?;
                let mut writing = Writing { table, report, summary: self.summary() };
                each(&mut writing)?;
                let Writing { table, report, summary } = writing;
                report.finish()?;
                Ok((summary, table.finish()?))
            })
        })
    }

    /// Restores the rows `after`, which were `before` in the file, and of which `first` came before.
    fn part(
        &self,
        before: &Rows,
        after: &Rows,
        first: usize,
        writing: &mut Writing<'_, '_>,
        bar: impl Fn(),
    ) -> anyhow::Result<()> {
        let Writing { table, report, summary } = writing;
        let mut changed: Vec<Edit> = Vec::new();
        // An index is that of the row in its file already.
        self.decide(after, [first, 0], summary, |i, restored, line| {
            changed.extend(edits(before, after, i, &restored));
            bar();
            report.put(line)
        })?;
        let end = after.len().checked_sub(1).map_or(0, |last| after.row_index(last) + 1);
        Ok(table.copy(&changed, Some(end))?)
    }

    fn warn_of_left_out(&self, rows: usize) {
        if rows > 0 {
            let s = if rows == 1 { " stays as it was, and is" } else { "s stay as they were, and are" };
            self.session
                .warn(format!("{rows} row{s} not in the report: of missing values nothing is inferred"));
        }
    }
}

/// The columns that m acts on.
fn numeric_children(columns: &[Column]) -> Vec<usize> {
    let number = |column: &Column| column.role == Role::Child && matches!(column.kind, Kind::Number { .. });
    columns.iter().enumerate().filter(|(_, column)| number(column)).map(|(at, _)| at).collect()
}
