//! Where the statements of a document are.
//!
//! AWS's positions are those of its JSON reader (recorded): a statement begins where the token before it ends, which is
//! before the comma that divides it from the one before, and ends after its brace; a lone statement begins after its brace.

use crate::api;

/// Between two characters: the line, and the column of the character after it, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    line: i32,
    column: i32,
}

/// Beginning and end of each statement in a valid policy document.
pub(super) fn of_statements(document: &str) -> Vec<(Position, Position)> {
    let mut here = Position { line: 1, column: 1 };
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    // The only element of a policy that is an object, or a list, is Statement.
    let (mut is_list, mut start) = (false, None);
    let mut found = Vec::new();
    let mut characters = document.chars().peekable();
    while let Some(character) = characters.next() {
        here = here.after(character, characters.peek().copied());
        if in_string {
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            '"' => in_string = true,
            '[' | '{' => {
                if depth == 1 {
                    is_list = character == '[';
                    start = Some(here);
                }
                depth += 1;
            }
            ']' | '}' => {
                depth = depth.saturating_sub(1);
                if character == '}' && depth == if is_list { 2 } else { 1 } {
                    found.extend(start.map(|start| (start, here)));
                    start = Some(here);
                }
            }
            _ => {}
        }
    }
    found
}

impl Position {
    fn after(self, character: char, next: Option<char>) -> Self {
        match character {
            // A carriage return and a line feed are one line break.
            '\r' if next == Some('\n') => self,
            '\n' | '\r' => Self { line: self.line.saturating_add(1), column: 1 },
            _ => {
                // Columns are counted as Java counts characters (inferred beyond Latin-1).
                let width = i32::try_from(character.len_utf16()).unwrap_or(1);
                Self { column: self.column.saturating_add(width), ..self }
            }
        }
    }
}

impl From<Position> for api::Position {
    fn from(Position { line, column }: Position) -> Self {
        Self { line: Some(line), column: Some(column) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(document: &str) -> Vec<[i32; 4]> {
        let found = of_statements(document).into_iter();
        found.map(|(start, end)| [start.line, start.column, end.line, end.column]).collect()
    }

    /// Recorded from AWS.
    #[test]
    fn statements_are_where_aws_says() {
        let one = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
        assert_eq!(positions(one), [[1, 38, 1, 95]]);
        let two = concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Sid":"First"},"#,
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Sid":"Second"}]}"#
        );
        assert_eq!(positions(two), [[1, 38, 1, 109], [1, 109, 1, 182]]);
        let pretty = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \
                      \"s3:GetObject\",\n      \"Resource\": \"*\",\n      \"Sid\": \"First\"\n    },\n    {\n      \"Effect\": \
                      \"Deny\",\n      \"Action\": \"s3:PutObject\",\n      \"Resource\": \"*\",\n      \"Sid\": \"Second\"\n    \
                      }\n  ]\n}";
        assert_eq!(positions(pretty), [[3, 17, 9, 6], [9, 6, 15, 6]]);
        let carriage_returns = " \r\n{\r\n  \"Version\": \"2012-10-17\",\r\n  \"Statement\": [\r\n    {\r\n      \"Effect\": \
                                \"Allow\",\r\n      \"Action\": \"s3:GetObject\",\r\n      \"Resource\": \"*\"\r\n    }\r\n  \
                                ]\r\n}\r\n ";
        assert_eq!(positions(carriage_returns), [[4, 17, 9, 6]]);
        let lone = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#;
        assert_eq!(positions(lone), [[1, 16, 1, 77]]);
        let latin = r#"{"Id": "café", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
        assert_eq!(positions(latin), [[1, 30, 1, 92]]);
    }

    #[test]
    fn braces_in_strings_and_conditions_are_no_statements() {
        let document = r#"{"Id":"[{\"}\\","Statement":[{"Sid":"}]","Condition":{"Null":{"a":["b"]}}}]}"#;
        assert_eq!(positions(document), [[1, 30, 1, 75]]);
    }
}
