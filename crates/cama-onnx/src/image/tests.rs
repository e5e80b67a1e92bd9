//! Images get the shape and the numbers that a classifier takes.

use rten_onnx::onnx::DataType;

use super::*;

fn input(element: DataType, shape: &[Option<usize>]) -> Input {
    let (name, described) = ("x".to_string(), format!("x {element} {shape:?}"));
    Input { name, element: Some(element), shape: Some(shape.to_vec()), described }
}

fn plan(shape: &[Option<usize>], from: [usize; 3], options: &OnnxOptions) -> Result<ImagePlan> {
    ImagePlan::new(Path::new("c.onnx"), &[input(DataType::FLOAT, shape)], from, options)
}

fn written(plan: &ImagePlan, pixels: &[f32]) -> Vec<f32> {
    let mut out = vec![f32::NAN; plan.width()];
    plan.write(pixels, &mut out);
    out
}

const N: Option<usize> = None;

#[test]
fn layouts_sizes_and_channels_are_read_from_the_shape() {
    let options = OnnxOptions::default();
    for (shape, from, layout, to) in [
        (&[N, Some(1), Some(28), Some(28)][..], [1, 28, 28], Layout::Nchw, [1, 28, 28]),
        (&[Some(1), Some(3), N, N], [1, 28, 28], Layout::Nchw, [3, 28, 28]),
        (&[N, Some(32), Some(30), Some(3)], [3, 8, 8], Layout::Nhwc, [3, 32, 30]),
        (&[N, Some(28), Some(28)], [1, 28, 28], Layout::Nhw, [1, 28, 28]),
        (&[N, Some(784)], [1, 28, 28], Layout::Flat, [1, 28, 28]),
        (&[N, Some(3 * 64)], [1, 8, 8], Layout::Flat, [3, 8, 8]),
        (&[N, N], [3, 8, 8], Layout::Flat, [3, 8, 8]),
    ] {
        let plan = plan(shape, from, &options).unwrap();
        assert_eq!((plan.layout, plan.to), (layout, to), "{shape:?}");
    }
}

#[test]
fn inputs_that_do_not_fit_say_why() {
    let options = OnnxOptions::default();
    let sized = OnnxOptions { size: Some([16, 16]), ..OnnxOptions::default() };
    let flat = OnnxOptions { layout: Some(Layout::Flat), ..OnnxOptions::default() };
    let means = OnnxOptions { mean: vec![0.1, 0.2], ..OnnxOptions::default() };
    let stds = OnnxOptions { std: vec![0.0], ..OnnxOptions::default() };
    let grey = [N, Some(1), Some(28), Some(28)];
    for (shape, from, options, part) in [
        (&[N, N, N, N][..], [1, 28, 28], &options, "channels is not clear; give --classifier-layout"),
        (&[N, Some(3), Some(3), Some(3)], [3, 3, 3], &options, "channels is not clear"),
        (&[N, Some(1), N, N, N], [1, 28, 28], &options, "not given in 5 dimensions"),
        (&[N, Some(780)], [1, 28, 28], &options, "780 values are no images of 28×28; give --classifier-size"),
        (&grey, [3, 28, 28], &options, "give --classifier-grey"),
        (&grey, [2, 28, 28], &options, "1 channels, the model's have 2"),
        (&grey, [1, 28, 28], &sized, "28 rows or columns, not 16"),
        (&grey, [1, 28, 28], &flat, "Flat takes 2 dimensions"),
        (&grey, [1, 28, 28], &means, "classifier.mean = [0.1, 0.2]: must be one number"),
        (&grey, [1, 28, 28], &stds, "classifier.std = 0: must be above 0"),
    ] {
        let text = plan(shape, from, options).expect_err(part).to_string();
        assert!(text.contains(part), "{text}");
    }
    let bytes = input(DataType::UINT8, &grey);
    let text = ImagePlan::new(Path::new("c.onnx"), &[bytes], [1, 28, 28], &options).unwrap_err().to_string();
    assert!(text.contains("c.onnx: its input is `x UINT8") && text.contains("not given as UINT8"), "{text}");
}

#[test]
fn pixels_are_normalised_repeated_and_put_in_order() {
    let options = OnnxOptions {
        scale: 255.0,
        mean: vec![0.0, 51.0, 102.0],
        std: vec![1.0, 51.0, 51.0],
        ..OnnxOptions::default()
    };
    let repeated = plan(&[N, Some(3), Some(1), Some(2)], [1, 1, 2], &options).unwrap();
    assert_eq!(written(&repeated, &[0.2, 1.0]), [51.0, 255.0, 0.0, 4.0, -1.0, 3.0]);
    let plain = OnnxOptions::default();
    let colour = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let last = OnnxOptions { layout: Some(Layout::Nhwc), ..OnnxOptions::default() };
    let last = plan(&[N, N, N, Some(3)], [3, 1, 2], &last).unwrap();
    assert_eq!(written(&last, &colour), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    let first = plan(&[N, Some(6)], [3, 1, 2], &plain).unwrap();
    assert_eq!(written(&first, &colour), colour);
    let grey = OnnxOptions { grey: true, ..OnnxOptions::default() };
    let grey = plan(&[N, Some(1), Some(2)], [3, 1, 2], &grey).unwrap();
    let luma = written(&grey, &[1.0, 0.5, 0.0, 0.5, 0.0, 0.5]);
    assert!((luma[0] - 0.299).abs() < 1e-6 && (luma[1] - 0.5).abs() < 1e-6, "{luma:?}");
}

#[test]
fn images_are_resized_as_pytorch_does() {
    let options = OnnxOptions::default();
    // torch.nn.functional.interpolate(x, size, mode="bilinear", align_corners=False).
    let up = plan(
        &[N, Some(1), Some(1), Some(4)],
        [1, 1, 2],
        &OnnxOptions { layout: Some(Layout::Nchw), ..OnnxOptions::default() },
    );
    assert_eq!(written(&up.unwrap(), &[0.0, 1.0]), [0.0, 0.25, 0.75, 1.0]);
    let down = plan(&[N, Some(2), Some(2)], [1, 4, 4], &options).unwrap();
    let pixels: Vec<f32> = (0..16).map(|i| i as f32).collect();
    assert_eq!(written(&down, &pixels), [2.5, 4.5, 10.5, 12.5]);
}
