//! The pictures of the demonstration.

use std::path::PathBuf;

use cama::{MChoice, PredictConfig, Result, StoredModel};
use cama_eval::pictures::{Panel, Picture, inferred, samples, walk};

use super::Demo;
use crate::seeds::rng;

/// Images in a row.
const COLUMNS: usize = 12;

impl Demo<'_> {
    /// Pictures with their file names: what was seen and restored, what the model can imagine, what m does.
    /// `models` are the clean-trained one and one for each case.
    pub fn pictures(&self, models: &[(PathBuf, StoredModel)]) -> Result<Vec<(&'static str, Picture)>> {
        let (_, clean) = &models[0];
        let originals = self.test.subset(COLUMNS, &mut rng(self.session.seeds.show));
        let mut restored = Picture::new(originals.shape());
        for (case, (_, adapted)) in self.plan.cases().iter().zip(&models[1..]) {
            let seen = case.manipulation.apply_seeded(&originals, self.session.seeds.manipulate);
            let config = PredictConfig { m: MChoice::Mean, ..self.config(adapted) };
            let panel = inferred(&adapted.model, &seen, Some(&originals), &adapted.card.classes, &config)?;
            let title = format!("{}: seen, taken back by do(m=0), classified", case.manipulation);
            restored = restored.panel(Panel { title, ..panel });
        }
        let imagined = samples(&clean.model, &clean.card.classes, COLUMNS, &mut rng(self.session.seeds.show));
        let walked = walk(&clean.model, &originals)?;
        Ok(vec![
            ("restored.png", restored),
            ("samples.png", Picture::new(originals.shape()).panel(imagined)),
            ("walk.png", Picture::new(originals.shape()).panel(walked)),
        ])
    }
}
