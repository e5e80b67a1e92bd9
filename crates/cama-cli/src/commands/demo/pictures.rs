//! The pictures of the demonstration.

use std::path::PathBuf;

use cama::data::Images;
use cama::{Cama, Result};
use cama_eval::pictures::{Panel, Picture, restored, samples, walk};

use super::shared::Demo;
use crate::session::rng;

/// Images in a row.
const COLUMNS: usize = 9;
/// Those of each manipulation in the first picture: the ones that it changed most.
const FEW: usize = 3;

impl Demo<'_> {
    /// Pictures with their file names: what was seen and restored, what the model can imagine, what m does.
    /// `models` are the clean-trained one and one for each case.
    pub fn pictures(&self, models: &[(PathBuf, Cama)]) -> Result<Vec<(&'static str, Picture)>> {
        let (_, clean) = &models[0];
        let originals = self.test.subset(COLUMNS, &mut rng(self.session.seeds.show));
        let empty = || Picture::new(originals.shape());
        let (mut few, mut more) = (Vec::new(), empty());
        for (case, (_, adapted)) in self.plan.cases().iter().zip(&models[1..]) {
            let seen = case.manipulation.apply_seeded(&originals, self.session.seeds.manipulate);
            let all = case.manipulation.apply_seeded(&self.test, self.session.seeds.manipulate);
            let predictor = self.predictor(adapted).informed(&all)?;
            let panel = restored(&predictor, &seen, Some(&originals), adapted.classes())?;
            few.push((case.title.to_string(), panel.clone().select(&most_changed(&originals, &seen))));
            more = more.panel(Panel { title: format!("Digits {}", case.words), ..panel });
        }
        let imagined = samples(clean.model(), clean.classes(), COLUMNS, &mut rng(self.session.seeds.show));
        let walked = walk(clean.model(), &originals)?;
        Ok(vec![
            ("restored.png", empty().panel(Panel::beside(few))),
            ("more.png", more),
            ("samples.png", empty().panel(imagined)),
            ("walk.png", empty().panel(walked)),
        ])
    }
}

/// The few of the images that a manipulation changed most, in order.
fn most_changed(originals: &Images, seen: &Images) -> Vec<usize> {
    let change = |i: usize| -> f32 {
        originals.image(i).iter().zip(seen.image(i)).map(|(before, after)| (before - after).powi(2)).sum()
    };
    let changes: Vec<f32> = (0..originals.len()).map(change).collect();
    let mut all: Vec<usize> = (0..originals.len()).collect();
    all.sort_by(|&a, &b| changes[b].total_cmp(&changes[a]));
    all.truncate(FEW);
    all.sort_unstable();
    all
}
