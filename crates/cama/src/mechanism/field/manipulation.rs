//! m of the field mechanism and T_m: what was done to each pixel of one image.

/// What was done to each pixel of one image of `channels` planes: T_m(x) = (1 − o) (a ((1 − r) x + r (1 − x)) + b) + o v,
/// pixel by pixel, with what covers it (o), what is inverted (r), gain (a) and bias (b) the same in all channels, and the
/// paint (v) of each. At rest, T_0, it is exactly the identity.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelManipulation {
    /// How far each pixel is covered, o in [0, 1].
    pub covered: Vec<f32>,
    /// How far each pixel is inverted, r in [0, 1].
    pub inverted: Vec<f32>,
    /// Gain of each pixel, a.
    pub gain: Vec<f32>,
    /// Bias of each pixel, b, in the pixel range.
    pub bias: Vec<f32>,
    /// What covers it, v, channel by channel.
    pub paint: Vec<f32>,
}

impl PixelManipulation {
    /// Nothing done to an image of `[channels, height, width]`.
    pub fn rest([channels, height, width]: [usize; 3]) -> Self {
        let area = height * width;
        Self {
            covered: vec![0.0; area],
            inverted: vec![0.0; area],
            gain: vec![1.0; area],
            bias: vec![0.0; area],
            paint: vec![0.0; channels * area],
        }
    }

    /// T_m(x), not clipped: `x` is `channels` planes one after another.
    pub fn transform(&self, x: &mut [f32]) {
        let area = self.covered.len();
        for (plane, paint) in x.chunks_exact_mut(area).zip(self.paint.chunks_exact(area)) {
            for (i, (x, v)) in plane.iter_mut().zip(paint).enumerate() {
                let (o, r) = (self.covered[i], self.inverted[i]);
                let turned = (1.0 - r) * *x + r * (1.0 - *x);
                *x = (1.0 - o) * (self.gain[i] * turned + self.bias[i]) + o * v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_rest_it_is_exactly_the_identity() {
        let shape = [3, 5, 7];
        let x: Vec<f32> = (0..105).map(|i| (i as f32 * 0.317).fract()).collect();
        let mut transformed = x.clone();
        PixelManipulation::rest(shape).transform(&mut transformed);
        assert_eq!(transformed, x);
    }

    #[test]
    fn each_part_does_what_it_says() {
        let shape = [2, 1, 4];
        let mut m = PixelManipulation::rest(shape);
        m.inverted[1] = 1.0;
        (m.gain[2], m.bias[2]) = (0.5, 0.25);
        m.covered[3] = 0.75;
        (m.paint[3], m.paint[7]) = (1.0, 0.5);
        let mut x = vec![0.2, 0.2, 0.2, 0.2, 0.6, 0.6, 0.6, 0.6];
        m.transform(&mut x);
        let wanted = [0.2, 0.8, 0.35, 0.8, 0.6, 0.4, 0.55, 0.525];
        assert!(x.iter().zip(wanted).all(|(x, wanted)| (x - wanted).abs() < 1e-6), "{x:?}");
    }
}
