package cpl

import (
	"iter"
	"slices"
	"sync"
)

// Kind is what a name of the language stands for.
type Kind string

// The kinds.
const (
	KindCondition    Kind = "condition"
	KindProperty     Kind = "property"
	KindVerdict      Kind = "verdict"
	KindAction       Kind = "action"
	KindLayer        Kind = "layer"
	KindSection      Kind = "section"
	KindDefinition   Kind = "definition"
	KindDirective    Kind = "preprocessor"
	KindModifier     Kind = "modifier"
	KindException    Kind = "exception-id"
	KindSubstitution Kind = "substitution"
)

// Mark is how sure the public record makes us of a name.
type Mark string

// The marks. Nothing marked recalled or unknown is vendor fact.
const (
	documented  Mark = "D"  // read in a public source
	documented3 Mark = "D3" // read in the guide of SGOS 3; nothing later contradicts it
	inferred    Mark = "I"  // follows from documented facts
	recalled    Mark = "R"  // remembered, could not be read again
)

// Layers is a set of layer types; none means all.
type Layers uint16

// The layer types.
const (
	inProxy Layers = 1 << iota
	inCache
	inForward
	inSSL
	inSSLIntercept
	inAdmin
	inException
	inDNS
	inDiagnostic
	inTenant

	anywhere Layers = 0
	allTypes Layers = 1<<10 - 1
)

// Entry is one row of the vocabulary.
type Entry struct {
	Kind Kind
	Name string // "url.host"; without the free part
	// Free names what has to stand behind the name and a dot: "NAME" in
	// request.header.NAME; FreeOptional says that it may be left out.
	Free         string
	FreeOptional bool
	// Value is what kind of value a condition takes, or each argument of a
	// property; Values are the words allowed where it is a closed set.
	Value    ValueKind
	Values   []Word
	Min, Max uint64 // bounds of a number; both 0 for none
	// MinArgs and MaxArgs count a property's arguments; MaxArgs -1 is any number.
	MinArgs, MaxArgs int
	Modifiers        Modifiers
	Layers           Layers // where it may stand
	Loose            Layers // where it may stand with a warning
	// At is when a condition becomes known, or the last point at which setting
	// a property matters.
	At    When
	Since Since
	Mark  Mark
	// Modelled says that the reference engine acts on it. What is not modelled
	// is parsed and checked, and Check says so.
	Modelled bool
	Instead  string // for a deprecated spelling: what to write
	Doc      string // one line of explanation
}

// Word is one allowed value.
type Word struct {
	Text  string
	Since Since
}

// table is the vocabulary; rows stand by noun in the vocab_*.go files.
var table = sync.OnceValue(func() *vocabulary {
	return index(slices.Concat(
		layerRows(), sectionRows(), definitionRows(), directiveRows(), verdictRows(), modifierRows(), actionRows(),
		urlConditions(), serverURLConditions(), clientConditions(), tlsConditions(), httpConditions(), headerConditions(),
		userConditions(), timeConditions(), dnsConditions(), otherConditions(),
		tlsProperties(), accessProperties(), userProperties(), routeProperties(), cacheProperties(), httpProperties(), otherProperties(),
		exceptionRows(), substitutionRows(),
	))
})

// Vocabulary gives every name of the language, kind by kind.
func Vocabulary() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for _, e := range table().rows {
			if !yield(*e) {
				return
			}
		}
	}
}

// Allows says whether the name may stand in a layer of this type.
func (e *Entry) Allows(layer string) bool {
	return e.Layers == anywhere || e.Layers&layerBit(layer) != 0
}

// LayerTypes lists the layers a name may stand in, nil for all.
func (e *Entry) LayerTypes() []string {
	if e.Layers == anywhere {
		return nil
	}
	return e.Layers.names()
}

func (l Layers) names() (names []string) {
	for i, row := range layerRows() {
		if l&(1<<i) != 0 {
			names = append(names, row.Name)
		}
	}
	return names
}

// layerBit is the bit of a layer type, 0 where it is unknown.
func layerBit(layer string) Layers { return table().layers[layer] }

func cond(name string, value ValueKind, at When, in Layers, mark Mark, doc string) Entry {
	return Entry{Kind: KindCondition, Name: name, Value: value, At: at, Layers: in, Mark: mark, Doc: doc}
}

func prop(name string, value ValueKind, by When, in Layers, mark Mark, doc string) Entry {
	e := Entry{Kind: KindProperty, Name: name, Value: value, At: by, Layers: in, Mark: mark, Doc: doc, MinArgs: 1, MaxArgs: 1}
	if value == ValueAny {
		e.MaxArgs = -1
	}
	return e
}

func row(kind Kind, name string, mark Mark, doc string) Entry {
	return Entry{Kind: kind, Name: name, Mark: mark, Doc: doc, Modelled: true}
}

func (e Entry) mods(m Modifiers) Entry       { e.Modifiers = m; return e }
func (e Entry) free(name string) Entry       { e.Free = name; return e }
func (e Entry) mayFree(name string) Entry    { e.Free, e.FreeOptional = name, true; return e }
func (e Entry) since(releases Since) Entry   { e.Since = releases; return e }
func (e Entry) instead(name string) Entry    { e.Instead = name; return e }
func (e Entry) loose(in Layers) Entry        { e.Loose = in; return e }
func (e Entry) bounds(min, max uint64) Entry { e.Min, e.Max = min, max; return e }
func (e Entry) args(min, max int) Entry      { e.MinArgs, e.MaxArgs = min, max; return e }
func (e Entry) modelled() Entry              { e.Modelled = true; return e }
func (e Entry) unmodelled() Entry            { e.Modelled = false; return e }
func (e Entry) words(list ...string) Entry   { return e.wordsSince(nil, list...) }

func (e Entry) wordsSince(first Since, list ...string) Entry {
	e.Values = slices.Clone(e.Values)
	for _, w := range list {
		e.Values = append(e.Values, Word{w, first})
	}
	return e
}
