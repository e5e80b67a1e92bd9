//! What stands at the beginning of a file of texts before and about its header.

use csv::ByteRecord;

/// The byte order mark that some programs begin a file in UTF-8 with.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// What the first bytes of a file tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Start {
    /// What stands between the fields.
    pub(super) delimiter: u8,
    /// Bytes before the header, and the lines that they are, among them those of comments.
    pub(super) bytes: usize,
    pub(super) lines: usize,
    pub(super) comments: usize,
    /// Whether rows have a field before those that the header names, as R writes the names of rows.
    pub(super) row_names: bool,
}

impl Start {
    /// Looks at the first bytes of a file; the delimiter is told by the header unless it is `given`.
    ///
    /// A first line `sep=;` is what Excel takes for a declaration of the delimiter. Lines that begin with `#` are comments, unless
    /// they have as many fields as the first line that does not.
    pub(super) fn of(start: &[u8], given: Option<u8>) -> Self {
        let mark = if start.starts_with(MARK) { MARK.len() } else { 0 };
        let (mut bytes, mut lines, mut comments) = (mark, 0, 0);
        let declared = line(&start[bytes..]).and_then(|(line, length)| Some((declared(line)?, length)));
        if let Some((_, length)) = declared {
            (bytes, lines) = (bytes + length, 1);
        }
        let given = given.or(declared.map(|(delimiter, _)| delimiter));
        let passed = comment_lines(&start[bytes..], given);
        for _ in 0..passed {
            let Some((_, length)) = line(&start[bytes..]) else { break };
            (bytes, lines, comments) = (bytes + length, lines + 1, comments + 1);
        }
        let delimiter = given.unwrap_or_else(|| delimiter(&start[bytes..]));
        // A mark alone is left to the reader, which knows it.
        let bytes = if lines == 0 { 0 } else { bytes };
        Self { delimiter, bytes, lines, comments, row_names: has_row_names(&start[bytes..], delimiter) }
    }

    /// What to say of what was passed over, if anything was.
    pub(super) fn notice(&self) -> Option<String> {
        let comments = match self.comments {
            0 => None,
            1 => Some("a comment above the header is passed over".to_string()),
            n => Some(format!("{n} lines of comments above the header are passed over")),
        };
        let row_names =
            self.row_names.then(|| "rows begin with names, for which the header has none".to_string());
        let said: Vec<String> = comments.into_iter().chain(row_names).collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// The first line without its end, and its length with it; nothing if it does not end.
fn line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let both = bytes[end..].starts_with(b"\r\n");
    Some((&bytes[..end], end + if both { 2 } else { 1 }))
}

/// The delimiter that a line `sep=;` declares.
fn declared(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, delimiter) = line.split_at_checked(4)?;
    match (name.eq_ignore_ascii_case(b"sep="), delimiter) {
        (true, [delimiter @ (b',' | b';' | b'\t' | b'|')]) => Some(*delimiter),
        // A tab at the end of the line was trimmed.
        (true, [] | b"\\t") => Some(b'\t'),
        _ => None,
    }
}

/// How many lines from the first on are comments.
fn comment_lines(start: &[u8], given: Option<u8>) -> usize {
    let (mut rest, mut fields) = (start, Vec::new());
    let count = |line: &[u8]| {
        let delimiter = given.unwrap_or_else(|| delimiter(line));
        line.iter().filter(|byte| **byte == delimiter).count()
    };
    while rest.starts_with(b"#") {
        let Some((line, length)) = line(rest) else { return 0 };
        fields.push(count(line));
        rest = &rest[length..];
    }
    let first = line(rest).map_or(rest, |(line, _)| line);
    let of_first = count(first);
    // The header may itself begin with a `#`.
    match fields.last() {
        Some(last) if *last == of_first && of_first > 0 => fields.len() - 1,
        _ => fields.len(),
    }
}

/// The delimiter that stands most often in the header, outside quotation marks; a comma if none does.
fn delimiter(start: &[u8]) -> u8 {
    let start = start.strip_prefix(MARK).unwrap_or(start);
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut quoted = false;
    let blank = |byte: &&u8| matches!(byte, b'\n' | b'\r');
    for byte in start.iter().skip_while(blank) {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => counts.iter_mut().filter(|(delimiter, _)| delimiter == byte).for_each(|(_, n)| *n += 1),
        }
    }
    // Of equal counts the last is the largest: the comma comes last.
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(delimiter, _)| delimiter)
}

/// Whether the first two rows have one field more than the header, as R's `write.table` writes them.
fn has_row_names(start: &[u8], delimiter: u8) -> bool {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(start);
    let mut lengths = [0; 3];
    for length in &mut lengths {
        let mut record = ByteRecord::new();
        if !reader.read_byte_record(&mut record).unwrap_or(false) {
            return false;
        }
        *length = record.len();
    }
    let [header, first, second] = lengths;
    header > 1 && first == header + 1 && second == header + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (u8, usize, usize) {
        let Start { delimiter, lines, comments, .. } = Start::of(text.as_bytes(), None);
        (delimiter, lines, comments)
    }

    #[test]
    fn delimiters_are_told_by_the_header() {
        assert_eq!(delimiter(b"\"a,b,c\";d\n,,,,"), b';');
        assert_eq!(delimiter(b"a,b;c\n"), b',');
        assert_eq!(delimiter(b"a|b\n"), b'|');
        assert_eq!(delimiter(b"alone"), b',');
        assert_eq!(of("sep=;\r\na,b;c\n"), (b';', 1, 0));
        assert_eq!(of("\u{feff}SEP=,\na;b;c,d\n"), (b',', 1, 0));
        assert_eq!(of("sep=\t\na b\tc\n"), (b'\t', 1, 0));
        assert_eq!(of("sep,y\n1,2\n"), (b',', 0, 0));
    }

    #[test]
    fn comments_are_told_from_headers() {
        assert_eq!(of("# made in May\n# by us, too\na,b,c\n1,2,3\n"), (b',', 2, 2));
        assert_eq!(of("#id;x\n1;2\n"), (b';', 0, 0));
        assert_eq!(of("# a comment\n#id;x\n1;2\n"), (b';', 1, 1));
        assert_eq!(of("sep=;\n# a comment\nid;x\n1;2\n"), (b';', 2, 1));
        assert_eq!(of("#alone"), (b',', 0, 0));
        assert_eq!(of(""), (b',', 0, 0));
    }

    #[test]
    fn names_of_rows_are_told_by_the_first_rows() {
        let names = |text: &str| Start::of(text.as_bytes(), None).row_names;
        assert!(names("x,y\n1,2,3\n2,3,4\n"));
        for text in ["x,y\n1,2,3\n2,3\n", "x,y\n1,2\n2,3\n", "x,y\n1,2,3\n", "x\n1,2\n2,3\n"] {
            assert!(!names(text), "{text}");
        }
    }
}
