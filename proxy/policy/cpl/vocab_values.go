package cpl

// ValueKind is how a value is read and judged.
type ValueKind string

// The kinds of values (cpl-sgos 1.3). Those from ValueKeyring on are references.
const (
	ValueAny       ValueKind = "" // not judged
	ValueFlag      ValueKind = "yes or no"
	ValueNumber    ValueKind = "number or range"
	ValueBitrate   ValueKind = "bit rate or range, such as 56k or 28.8k.."
	ValueTime      ValueKind = "time or range, such as 0900..1700"
	ValueDate      ValueKind = "date or range, such as 20260101..20261231"
	ValueRelease   ValueKind = "release or range, such as 6.5.10.1.."
	ValueText      ValueKind = "text"
	ValueRegex     ValueKind = "regular expression"
	ValueDomain    ValueKind = "domain, with a path or not"
	ValueURL       ValueKind = "URL or its first part, with a whole host"
	ValueAddress   ValueKind = "address, subnet or label of define subnet"
	ValueWord      ValueKind = "one of a closed set of words"
	ValueOpenWord  ValueKind = "word" // Values are those known; others pass with a warning
	ValueName      ValueKind = "name" // of something outside policy: a service, a realm
	ValueCategory  ValueKind = "category"
	ValueCondition ValueKind = "label of define condition"
	ValueAction    ValueKind = "label of define action"
	ValueString    ValueKind = "label of define string"
	ValueKeyring   ValueKind = "keyring"
	ValueException ValueKind = "exception id"
)

// Modifiers is the set of modifiers a condition's name may end in.
type Modifiers uint16

// The modifiers, in the order of modifierRows.
const (
	modExact Modifiers = 1 << iota
	modPrefix
	modSubstring
	modSuffix
	modRegex
	modCaseSensitive
	modCaseInsensitive
	modNumber
	modAddress
	modCount
	modLength
	modExists
	modUTC

	noMods     Modifiers = 0
	textMods             = modExact | modPrefix | modSubstring | modSuffix | modRegex | modCaseSensitive | modCaseInsensitive
	headerMods           = textMods | modNumber | modAddress | modCount | modLength | modExists
)

func modifierRows() []Entry {
	modifier := func(name string, value ValueKind, mark Mark, doc string) Entry {
		e := row(KindModifier, name, mark, doc)
		e.Value = value
		return e
	}
	return []Entry{
		modifier("exact", ValueText, documented, "the whole text is equal"),
		modifier("prefix", ValueText, documented, "the text starts with the value"),
		modifier("substring", ValueText, documented, "the value stands somewhere in the text"),
		modifier("suffix", ValueText, documented, "the text ends with the value, with no regard to where a label starts"),
		modifier("regex", ValueRegex, documented, "the regular expression finds something in the text"),
		modifier("case_sensitive", ValueAny, documented, "upper and lower case differ"),
		modifier("case_insensitive", ValueAny, documented, "upper and lower case are one"),
		modifier("as_number", ValueNumber, documented, "the text is read as a whole number of up to 64 bits").since(Since{MustRelease("6.4")}),
		modifier("address", ValueAddress, documented3, "the text is read as an address"),
		modifier("count", ValueNumber, recalled, "how often the header occurs"),
		modifier("length", ValueNumber, recalled, "how many characters the header has"),
		modifier("exists", ValueFlag, recalled, "whether the header occurs"),
		modifier("utc", ValueAny, documented3, "in universal time instead of the appliance's own"),
	}
}

// since6510 is where protocol detection for TLS came (KB 169283, KB 169284).
// Modelled: the first releases of the later trains are recalled (Q11).
func since6510() Since {
	return Since{MustRelease("6.5.10.1"), MustRelease("6.6.5.1"), MustRelease("6.7.1.1")}
}

func first(release string) Since { return Since{MustRelease(release)} }
