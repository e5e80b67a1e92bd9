//! What every baseline must do.
#[test]
#[ignore]
fn measure() {
    use super::*;
    use cama::data::load;
    let train = load("mnist:train[..5000]").unwrap();
    let test = load("mnist:test[..2000]").unwrap();
    for name in std::env::var("B").unwrap_or("mlp,trees".into()).split(',') {
        let began = std::time::Instant::now();
        let b = Baseline::fit(&BaselineConfig::named(name).unwrap(), &train, 1, &mut cama::silent).unwrap();
        let p = b.probabilities(&test).unwrap();
        println!("{name} {:?} {:?}", began.elapsed(), crate::Score::of_probabilities(&p, test.labels().unwrap()).unwrap());
    }
}
