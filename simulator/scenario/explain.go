package scenario

// Explanation tells what a diagnostic means and what to do about it.
type Explanation struct {
	ID     string // "scenario-unknown-key"
	Title  string
	Text   string // a paragraph
	Remedy string
}

// Explanations has one row for every ID that Load reports.
func Explanations() []Explanation {
	return []Explanation{
		{"scenario-file", "a file that the scenario names cannot be read",
			"Paths of policies and of the scenario to extend are relative to the file that names them.",
			"Check the path; the diagnostic names a file of the folder when one is near."},
		{"scenario-yaml", "the text is no YAML that scenarios are made of",
			"One file is one YAML document. Anchors, aliases and tags are left out on purpose: a scenario should read as what it does.",
			"Indent with blanks, quote texts with \": \" or \" #\" in them, share settings with extends."},
		{"scenario-duplicate-key", "a key stands twice in one mapping",
			"Only one of the values could count, so neither is taken silently.", "Remove one of them."},
		{"scenario-unknown-key", "a key that means nothing here",
			"Every key is known by name, so that a slip cannot switch a setting off unnoticed.", "Take one of the keys in the note."},
		{"scenario-type", "a value of the wrong shape",
			"A key takes a text, a list or a mapping. A key without a value is an error too, except where it takes an inherited setting away.",
			"See the hint for the shape."},
		{"scenario-missing", "something that has to be there is not", "", "Add the key."},
		{"scenario-value", "a word that is not in the vocabulary",
			"The words of deployments, profiles, faults, stages and the like are closed lists.", "Take one of the words in the message; rehearse list shows the tables."},
		{"scenario-duration", "a time that cannot be read", "Durations are numbers with a unit: 250ms, 15s, 20m, 4h, 1h30m.", "Add the unit."},
		{"scenario-address", "an address, port, host name or URL that cannot be read", "", "See the message for what is wanted."},
		{"scenario-release", "a release that cannot be read", "Releases are MAJOR.MINOR.DOT.PATCH; trailing parts may be left out, and 7.x is the last of its train.", "Write 6.5.10.1 or the like."},
		{"scenario-step", "a step that is not one thing",
			"A step has one actor (a client, appliance, faults or wait) that does one thing, and beside it expect, faults, when and id.",
			"Split it into steps."},
		{"scenario-unknown-actor", "a step of a client that does not exist", "Clients are made under clients.", "Add the client, or correct the name."},
		{"scenario-extends-cycle", "a file that extends itself", "The chain of extends has to end at a file that extends nothing.", "Move what they share to a file of its own."},
		{"scenario-matrix", "an axis that leads nowhere",
			"An axis is a path to a setting (clients.alice.profile, appliance.services.*.detect_protocol), a setting of the appliance alone (release, policy), or a name of its own whose values are mappings of such paths.",
			"Correct the path; give values that are no plain texts a name: AXIS: {NAME: VALUE}."},
		{"scenario-when", "a condition on something that is no axis", "A when names axes of the matrix, release or deployment, each with one value or a list of them.", "Name an axis as the matrix writes it."},
		{"scenario-code", "a code that is in no table", "Policies and servers can have codes of their own, so an unknown code is only a warning unless it looks like a slip.", "rehearse list codes"},
		{"scenario-expect-twice", "one field is expected twice in one variant", "All entries of an expect list hold whose when fits, so two of them can contradict each other.", "Narrow one of the when."},
		{"scenario-expect-nothing", "a variant in which nothing is expected", "Every entry of the expect list has a when, and none fits this variant: the step would pass whatever comes.", "Add an entry without when, or one that fits."},
	}
}
