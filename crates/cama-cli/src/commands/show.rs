//! `cama show`: pictures of what a model believes.

use cama::data::ImageBatches;
use cama::{Cama, Config, Error, M, MChoice};
use cama_eval::pictures::{self, Panel, Picture};

use super::load_model;
use crate::flags::{ShowFlags, What};
use crate::output::Output;
use crate::session::{Session, rng};
use crate::source::image_options;
use crate::writing::ending;

/// The most images in a row of a picture.
const MOST_IMAGES: usize = 100;

/// Draws.
///
/// # Errors
///
/// If the model, the images or the output path cannot be used.
pub fn run(flags: &ShowFlags, session: &Session) -> anyhow::Result<()> {
    check(flags)?;
    let out = Output::file(&flags.out, flags.force)?;
    let cama = load_model(&flags.model, session)?;
    let predictor = flags.prediction.overlay(cama.predictor(), session.seeds.predict)?;
    let config = predictor.config.predict.check()?;
    if cama.schema().is_ok() {
        let problem = "it takes tables, and pictures are of images; give a model of images".to_string();
        return Err(Error::Model { path: flags.model.clone(), problem }.into());
    }
    let options = image_options(&flags.data, &cama, &flags.pictures, false);
    let images = ImageBatches::open_with(&flags.data, &options)?;
    session.notify(&flags.data, images.notices());
    let images = images.read()?;
    cama.model().check_fits(&images)?;
    let manipulation = flags.manipulate.as_ref();
    let what = if flags.restore { Some(What::Restored) } else { flags.what };
    let drawn = what.map_or_else(|| wanted(&cama, config.m), |what| vec![what]);
    // What the guard knows of all the images, it knows of those that are shown.
    let predictor = match manipulation {
        _ if !drawn.contains(&What::Restored) => predictor,
        Some(manipulation) => {
            predictor.informed(&manipulation.apply_seeded(&images, session.seeds.manipulate))?
        }
        None => predictor.informed(&images)?,
    };
    let originals = images.subset(flags.images, &mut rng(session.seeds.show));
    drop(images);
    let manipulated = manipulation.map(|m| m.apply_seeded(&originals, session.seeds.manipulate));
    let images = manipulated.as_ref().unwrap_or(&originals);
    // Without a manipulation, what they were before is what one wants to know.
    let known = manipulation.is_some().then_some(&originals);

    let draw = |what| -> cama::Result<Panel> {
        let (model, classes) = (cama.model(), cama.classes());
        match what {
            What::Reconstructions => pictures::reconstructions(model, images, &config),
            What::Clean => pictures::inferred(model, images, known, classes, &config),
            What::Restored => {
                check_restores(flags, &cama, config.m)?;
                pictures::restored(&predictor, images, known, classes)
            }
            What::Samples => {
                Ok(pictures::samples(model, classes, flags.images, &mut rng(session.seeds.show)))
            }
            What::Walk => pictures::walk(model, &originals),
        }
    };
    let panels: Vec<Panel> = drawn.into_iter().map(draw).collect::<cama::Result<_>>()?;
    panels.into_iter().fold(Picture::new(images.shape()), Picture::panel).save(out.path())?;
    session.tell(out.path().display());
    Ok(())
}

fn check(flags: &ShowFlags) -> cama::Result<()> {
    let extension = ending(&flags.out);
    if extension != "png" {
        return Err(Error::unknown_name("picture format", &extension, &["png"]));
    }
    if !(1..=MOST_IMAGES).contains(&flags.images) {
        return Err(Error::config("images", flags.images, format!("from 1 to {MOST_IMAGES}")));
    }
    Ok(())
}

/// Errors unless the model infers what an explicit mechanism did.
fn check_restores(flags: &ShowFlags, cama: &Cama, m: MChoice) -> cama::Result<()> {
    let problem = |problem: &str| Error::Model { path: flags.model.clone(), problem: problem.into() };
    if !restores(cama) {
        return Err(problem(
            "it has no explicit mechanism, such as `affine`, whose doings could be undone; give it one by \
             `cama adapt --mechanism affine`",
        ));
    }
    match m {
        M::Null => Err(problem(
            "it does not infer what was done to images (m = 0): it has not met manipulated ones yet; adapt it by \
             `cama adapt`, or give --m mean to see what it has dreamt",
        )),
        _ => Ok(()),
    }
}

/// Whether the model has mechanisms that act on the image and can be undone.
fn restores(cama: &Cama) -> bool {
    cama.model().restores()
}

/// All that the model can be shown doing.
fn wanted(cama: &Cama, m: MChoice) -> Vec<What> {
    match (cama.model().mechanisms(), m) {
        // A field alone has no m to walk along.
        (None, m) if m != M::Null && restores(cama) => {
            vec![What::Reconstructions, What::Restored, What::Samples]
        }
        (None, _) => vec![What::Reconstructions, What::Samples],
        // A q2 that has met nothing manipulated has nothing to say.
        (Some(_), M::Null) => vec![What::Reconstructions, What::Samples, What::Walk],
        // What is restored is shown with do(m=0).
        (Some(_), _) if restores(cama) => {
            vec![What::Reconstructions, What::Restored, What::Samples, What::Walk]
        }
        (Some(_), _) => vec![What::Reconstructions, What::Clean, What::Samples, What::Walk],
    }
}
