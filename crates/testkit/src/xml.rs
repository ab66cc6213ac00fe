use quick_xml::Reader;
use quick_xml::events::Event;

/// What an awsQuery service answered: the texts in the XML, each under the names that lead to it.
///
/// The two outermost elements are the answer's envelope and left out of the names: `User/Arn` is what is in
/// `<GetUserResponse><GetUserResult><User><Arn>`, `Code` what is in `<ErrorResponse><Error><Code>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml(Vec<(String, String)>);

impl Xml {
    /// The only text under this name.
    ///
    /// # Panics
    /// Panics if there is none, or another.
    #[track_caller]
    pub fn text(&self, path: &str) -> &str {
        let [text] = self.texts(path)[..] else { panic!("{path} is not there once: {:?}", self.0) };
        text
    }

    /// The text under this name, if there is one.
    pub fn find(&self, path: &str) -> Option<&str> {
        self.texts(path).first().copied()
    }

    /// All texts under this name, in their order: `Users/member/UserName`.
    pub fn texts(&self, path: &str) -> Vec<&str> {
        self.0.iter().filter(|(name, _)| name == path).map(|(_, text)| text.as_str()).collect()
    }

    /// # Panics
    /// Panics if it is not XML.
    pub(crate) fn parse(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        let mut leaf = None;
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("not XML ({error}): {text}")) {
                Event::Start(tag) => {
                    names.push(tag.name().as_ref().to_owned());
                    leaf = Some(String::new());
                }
                Event::Text(more) => {
                    if let Some(leaf) = &mut leaf {
                        leaf.push_str(&more.into_inner());
                    }
                }
                Event::GeneralRef(reference) => {
                    let reference = format!("&{};", reference.into_inner());
                    let character = quick_xml::escape::unescape(&reference).expect("a known entity").into_owned();
                    leaf.get_or_insert_default().push_str(&character);
                }
                Event::End(_) => {
                    if let Some(mut leaf) = leaf.take() {
                        // What is empty may still be broken into lines.
                        if leaf.starts_with('\n') && leaf.trim().is_empty() {
                            leaf.clear();
                        }
                        texts.push((names.get(2..).unwrap_or_default().join("/"), leaf));
                    }
                    names.pop();
                }
                Event::Eof => return Self(texts),
                _ => {}
            }
        }
    }
}
