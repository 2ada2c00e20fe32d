package txn

// The IDs of diagnostics.
const (
	idJSON      = "transaction-json"
	idShape     = "transaction-shape"
	idName      = "transaction-name"
	idValue     = "transaction-value"
	idDuplicate = "transaction-duplicate"
	idOrder     = "transaction-order"
)

// Explanation tells what a diagnostic means and what to do about it.
type Explanation struct {
	ID, Title, Text, Remedy string
}

// Explanations has one row for every ID that Parse reports.
func Explanations() []Explanation {
	return []Explanation{
		{idJSON, "the file is no JSON", "A transaction is a JSON object; several stand in a list. JSON has no comments and no comma behind the last member.",
			"Mend the text at the place that is shown."},
		{idShape, "an object or a list stands where another kind of value is wanted",
			"A transaction is an object of names and values; checkpoints is a list of objects, each with \"at\" and what is new at that point.",
			"See the example in rehearse policy trace --help."},
		{idName, "a name is not that of a value a transaction has",
			"Names are those of conditions, without modifiers: a transaction has url.host, not url.host.substring. Some conditions test what follows from other values: hour follows from time, authenticated from user.",
			"Give the name that the hint shows."},
		{idValue, "a value does not fit its name", "Values are texts, numbers, true or false; lists only where a transaction can have several, such as group or url.category.",
			"Write the value as the message says."},
		{idDuplicate, "a name stands twice in one object", "Only one of the two could count, so neither does.", "Take one away, or make one list of both values."},
		{idOrder, "checkpoints are out of order", "A transaction goes from accept to response; a checkpoint comes once.", "Put the entries into that order."},
	}
}
