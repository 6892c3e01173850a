//! Lines of text as a PDF of one page.

use std::fmt::Write;

const FEWEST_POINTS: usize = 60;
const LINE_POINTS: usize = 16;

/// A page of A4 with these lines, the first of them large. What does not fit on the page is left out.
pub fn page(lines: &[String]) -> Vec<u8> {
    let mut text = b"BT /F1 18 Tf 16 TL 56 780 Td ".to_vec();
    for (place, line) in lines.iter().take((780 - FEWEST_POINTS) / LINE_POINTS).enumerate() {
        text.extend_from_slice(if place == 1 { b"/F1 11 Tf T* (" } else { b"T* (" });
        text.extend(line.chars().flat_map(escaped));
        text.extend_from_slice(b") Tj ");
    }
    text.extend_from_slice(b"ET");
    let mut content = format!("<< /Length {} >>\nstream\n", text.len()).into_bytes();
    content.extend(text);
    content.extend_from_slice(b"\nendstream");
    let objects: [&[u8]; 5] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        &content,
    ];
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = String::new();
    for (number, object) in objects.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(places, "{:010} 00000 n ", file.len());
        file.extend_from_slice(format!("{} 0 obj\n", number + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let end = file.len();
    let count = objects.len() + 1;
    file.extend_from_slice(
        format!("xref\n0 {count}\n0000000000 65535 f \n{places}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{end}\n%%EOF\n")
            .as_bytes(),
    );
    file
}

/// A letter in the encoding of the font; what it does not have is a question mark.
fn escaped(letter: char) -> Vec<u8> {
    match letter {
        '(' | ')' | '\\' => vec![b'\\', letter as u8],
        '€' => vec![0x80],
        '–' => vec![0x96],
        ' '..='~' | '\u{a1}'..='\u{ff}' => vec![letter as u8],
        _ => vec![b'?'],
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_object_stands_where_the_table_says() {
        let file = super::page(&["Invoice (1)".to_owned(), "2 × Pro: €29 – 漢".to_owned()]);
        let text: String = file.iter().map(|byte| char::from(*byte)).collect();
        let table = &text[text.rfind("\nxref\n").unwrap()..];
        for (number, line) in table.lines().skip(4).take(5).enumerate() {
            let place: usize = line[..10].parse().unwrap();
            assert!(file[place..].starts_with(format!("{} 0 obj", number + 1).as_bytes()), "{line}");
        }
        assert!(text.contains(r"(Invoice \(1\)) Tj") && text.contains("(2 \u{d7} Pro: \u{80}29 \u{96} ?) Tj"));
        let length = text[text.find("/Length ").unwrap() + 8..].split(' ').next().unwrap().parse::<usize>().unwrap();
        let start = file.windows(7).position(|bytes| bytes == b"stream\n").unwrap() + 7;
        assert!(file[start + length..].starts_with(b"\nendstream"));
    }
}
