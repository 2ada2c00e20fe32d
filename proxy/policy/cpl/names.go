package cpl

import "strings"

// LabelKey is what two spellings of one label have in common: labels of
// definitions are told apart without regard to case. Modelled: the guide says
// so of most names and values (cpl-sgos 1.1).
func LabelKey(label string) string { return strings.ToLower(label) }

func canonical(kind Kind, s string) string {
	if e := table().find(kind, s); e != nil {
		return e.Name
	}
	return ""
}

func layerType(s string) string   { return canonical(KindLayer, s) }
func sectionType(s string) string { return canonical(KindSection, s) }

func verdictName(s string) string {
	name := canonical(KindVerdict, s)
	if name == "ok" {
		return "allow"
	}
	return name
}

// ConditionName takes the name of a condition apart as Condition has it: base is
// the vocabulary's name, or what is left without modifiers where it is unknown.
func ConditionName(name string) (base, arg string, modifiers []string) {
	_, base, arg, modifiers = splitCondition(name)
	return base, arg, modifiers
}

// longestName bounds what is searched for modifiers and free parts.
const longestName = 300

// splitCondition takes a condition's name apart. base is the vocabulary's name,
// or what is left without modifiers where the name is unknown.
func splitCondition(s string) (name, base, arg string, mods []string) {
	v := table()
	if e := v.find(KindCondition, s); e != nil && e.Free == "" {
		return e.Name, e.Name, "", nil
	}
	if len(s) > longestName {
		return lower(s), lower(s), "", nil
	}
	rest := s
	for {
		shorter, mod := cutModifier(rest)
		if mod == "" {
			break
		}
		rest, mods = shorter, append([]string{mod}, mods...)
		if e := v.find(KindCondition, rest); e != nil && e.Free == "" {
			return joinName(s, e.Name, mods), e.Name, "", mods
		}
	}
	e, arg := v.family(KindCondition, s)
	if e == nil {
		return lower(s), lower(rest), "", mods
	}
	mods = nil
	for {
		shorter, mod := cutModifier(arg)
		if mod == "" {
			break
		}
		arg, mods = shorter, append([]string{mod}, mods...)
	}
	return joinName(s, e.Name+"."+arg, mods), e.Name, arg, mods
}

// joinName is base with its modifiers; written when that is the same text.
func joinName(written, base string, mods []string) string {
	if len(mods) > 0 {
		base += "." + strings.Join(mods, ".")
	}
	if base == written {
		return written
	}
	return base
}

// cutModifier takes the last part off a name when it is a modifier.
func cutModifier(s string) (rest, mod string) {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 {
		return s, ""
	}
	if e := table().find(KindModifier, s[i+1:]); e != nil {
		return s[:i], e.Name
	}
	return s, ""
}

// splitProperty takes a property's name apart; an unknown one stays whole.
func splitProperty(s string) (name, arg string) {
	v := table()
	if e := v.find(KindProperty, s); e != nil {
		return e.Name, ""
	}
	if len(s) <= longestName {
		if e, arg := v.family(KindProperty, s); e != nil {
			return e.Name, arg
		}
	}
	return lower(s), ""
}

// bodyKind is how the lines of a definition are read.
type bodyKind int

const (
	bodyText       bodyKind = iota // as it stands
	bodyConditions                 // conditions
	bodyPatterns                   // a pattern, then conditions
	bodyEntries                    // raw entries
	bodyAddresses                  // addresses and subnets
	bodyCalls                      // actions
	bodyString                     // '>' and text
)

func bodyOf(definitionType string) bodyKind {
	switch definitionType {
	case "condition":
		return bodyConditions
	case "url condition", "url.domain condition", "server_url.domain condition":
		return bodyPatterns
	case "category":
		return bodyEntries
	case "subnet":
		return bodyAddresses
	case "action":
		return bodyCalls
	case "string":
		return bodyString
	}
	return bodyText
}

// splitsAtComma says whether a value without quotes may be cut at its commas:
// only where no single value holds one. Modelled: KB 254731 prints the form for
// appliance.name.
func splitsAtComma(c *Condition) bool {
	e := table().find(KindCondition, c.Base)
	if e == nil {
		return false
	}
	switch valueKindOf(e, c.Modifiers) {
	case ValueAny, ValueText, ValueRegex, ValueURL, ValueCategory:
		return e.Name == "appliance.name"
	}
	return true
}

// valueKindOf is the kind of value a condition takes with these modifiers.
func valueKindOf(e *Entry, mods []string) ValueKind {
	kind := e.Value
	for _, m := range mods {
		if row := table().find(KindModifier, m); row != nil && row.Value != ValueAny {
			kind = row.Value
		}
	}
	return kind
}
