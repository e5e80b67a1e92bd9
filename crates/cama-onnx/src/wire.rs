//! Whether bytes can be an ONNX file, found out before anything is made of them.
//!
//! An ONNX file is a Protocol Buffers message of messages, each with its length before it. The decoder (`rten-onnx`
//! 0.27) reports most damage as errors, but not this:
//!
//! - it reserves memory for as many bytes as a text or raw data says to have, and ends the program where there is less;
//! - it follows messages within messages with the stack, which 1000 graphs in one another, in 9 kB, overflow without
//!   optimisation;
//! - it goes past the end of a file where a field that it skips is cut off: a quarter of all cuts give a shorter
//!   network without a word;
//! - it reads without end where ten bytes of a whole number all say that another one follows.
//!
//! None of these can be caught, nor can a reader of our own under the decoder tell how deep it is. So this goes through the lengths
//! and whole numbers alone, by the numbers of the fields that the decoder takes for messages, or for many whole numbers.

/// Messages nested deeper than this are no classifier.
const DEEPEST: usize = 100;

/// The messages of an ONNX file that hold others.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Sequence,
    Shape,
    /// Any message that holds no other.
    Leaf,
}

impl Message {
    /// The message that this field of it is, if it is one that is read.
    fn field(self, number: u64) -> Option<Message> {
        use Message::*;
        Some(match (self, number) {
            (Model, 7) | (Attribute, 6) => Graph,
            (Model, 8 | 14) | (Tensor, 13) | (Shape, 1) => Leaf,
            (Graph, 1) => Node,
            (Graph, 5) | (Attribute, 5) => Tensor,
            (Graph, 11..=13) => ValueInfo,
            (Node, 5) => Attribute,
            (ValueInfo, 2) | (Sequence, 1) => Type,
            (Type, 1) => TensorType,
            (Type, 4) => Sequence,
            (TensorType, 2) => Shape,
            _ => return None,
        })
    }

    /// Whether this field of it holds whole numbers, one behind another.
    fn packs(self, number: u64) -> bool {
        matches!((self, number), (Message::Tensor, 5 | 7))
    }
}

/// Checks that every length fits into the message around it, that every whole number ends, and that messages are not nested too
/// deep.
///
/// # Errors
///
/// What is wrong, and at which byte.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut at = 0;
    // The messages that byte `at` is in, with where they end.
    let mut open = vec![(Message::Model, bytes.len())];
    let mut graph = false;
    while let Some(&(message, end)) = open.last() {
        if at == end {
            open.pop();
            continue;
        }
        let start = at;
        let wrong = |what: &str| format!("{what} at byte {start}");
        let cut = || wrong("the file is cut off or damaged");
        let key = varint(bytes, &mut at, end).ok_or_else(cut)?;
        let length = match key & 7 {
            0 => varint(bytes, &mut at, end).map(|_| 0),
            1 => Some(8),
            2 => varint(bytes, &mut at, end),
            5 => Some(4),
            _ => return Err(wrong("there is no such kind of field")),
        };
        let fits = |length: &usize| *length <= end - at;
        let length = length.and_then(|length| usize::try_from(length).ok()).filter(fits).ok_or_else(cut)?;
        match message.field(key >> 3).filter(|_| key & 7 == 2) {
            Some(_) if open.len() == DEEPEST => return Err(wrong("too many messages in one another")),
            Some(inner) => {
                graph |= open.len() == 1 && matches!(inner, Message::Graph);
                open.push((inner, at + length));
            }
            None if key & 7 == 2 && message.packs(key >> 3) => {
                let end = at + length;
                while at < end {
                    varint(bytes, &mut at, end).ok_or_else(cut)?;
                }
            }
            None => at += length,
        }
    }
    if graph { Ok(()) } else { Err("there is no graph in it".to_string()) }
}

/// The number at `at`, which moves behind it; nothing if it does not end before `end`.
pub(crate) fn varint(bytes: &[u8], at: &mut usize, end: usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes[..end].get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const CNN: &[u8] = include_bytes!("../tests/files/mnist-cnn.onnx");

    #[test]
    fn a_whole_file_passes_and_every_part_of_it_does_not() {
        check(CNN).unwrap();
        // The graph comes before the last fields: a file that ends between these would pass.
        for end in (0..CNN.len() - 200).step_by(97) {
            assert!(check(&CNN[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn lengths_that_lie_are_found() {
        // A model with a graph with a tensor whose raw data says to be longer than memory.
        let raw = [0x4a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        let mut tensor = vec![0x2a, raw.len() as u8];
        tensor.extend(raw);
        let mut model = vec![0x3a, tensor.len() as u8];
        model.extend(tensor);
        assert_eq!(check(&model).unwrap_err(), "the file is cut off or damaged at byte 4");
    }

    #[test]
    fn a_number_that_does_not_end_is_found() {
        // A model with a graph with a tensor that packs one number, of ten bytes.
        let model = |last: u8| {
            let mut model = vec![0x3a, 14, 0x2a, 12, 0x3a, 10];
            model.extend([0xff; 9]);
            model.push(last);
            model
        };
        check(&model(0x01)).unwrap();
        assert_eq!(check(&model(0xa9)).unwrap_err(), "the file is cut off or damaged at byte 4");
    }

    #[test]
    fn endless_nesting_is_found_without_following_it() {
        // A sequence of a sequence of a sequence…
        let mut bytes = vec![];
        for depth in 0..100_000 {
            let length = bytes.len() as u32;
            let mut outer = vec![if depth % 2 == 0 { 0x0a } else { 0x22 }];
            let mut rest = length;
            while rest >= 0x80 {
                outer.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            outer.push(rest as u8);
            // Written back to front, for speed.
            outer.reverse();
            bytes.extend(outer);
        }
        bytes.reverse();
        let mut file = bytes;
        for key in [0x12, 0x5a, 0x3a] {
            let mut length = file.len() as u32;
            let mut head = vec![key];
            while length >= 0x80 {
                head.push(length as u8 | 0x80);
                length >>= 7;
            }
            head.push(length as u8);
            head.extend(file);
            file = head;
        }
        assert!(check(&file).unwrap_err().contains("too many messages in one another"));
    }

    #[test]
    fn other_bytes_are_no_onnx() {
        for bytes in [&b""[..], b"pressure,smoker\n1,2\n", b"\x89PNG\r\n\x1a\n", &[0; 64]] {
            assert!(check(bytes).is_err(), "{bytes:?}");
        }
    }
}
