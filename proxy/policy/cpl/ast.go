package cpl

import "rehearse/reports/diag"

// File is one parsed policy source.
type File struct {
	Name   string // as it stands in diagnostics and traces
	Source []byte
	Items  []Item // in source order, with every preprocessor block kept; see Resolve
	// Comments holds every comment of the file in source order, also those inside items.
	Comments []Comment
	// Broken says that some of the source could not be read, so that the tree is not the whole policy.
	Broken bool
}

// Item is a top-level piece of a file: *Layer, *Definition or *Restrict.
type Item interface {
	Span() diag.Span
	item()
}

// Comment runs from its ';' to the end of the line.
type Comment struct {
	At   diag.Span
	Text string // with the ';'
}

// Layer is a layer header with its sections. Rules before any section header
// stand in a first Section whose Header is nil.
type Layer struct {
	At       diag.Span // of the header
	Type     string    // canonical spelling: "Proxy", "SSL-Intercept"
	Label    string    // without quotes, "" for none
	Guard    []Term    // conditions, and properties that act as defaults, of the header line
	Sections []*Section
	When     []*Directive // preprocessor blocks around the header
}

// Section is a section header with its rules.
type Section struct {
	At    diag.Span // zero for the implicit first section
	Type  string    // "Rule", "url", "url.domain", "url.regex", "server_url.domain"
	Label string
	Guard []Term
	Rules []*Rule
	// Implicit says that no header stands in the source ([Rule] is meant).
	Implicit bool
	When     []*Directive
}

// Rule is one line (after continuation) of conditions, properties and verdicts.
type Rule struct {
	At diag.Span
	// Pattern is the first token of a line in a URL section, without a trigger
	// name; its zero value in [Rule].
	Pattern *Pattern
	Terms   []Term
	// When are the preprocessor conditions that must hold for the rule to exist.
	When []*Directive
	// Broken says that the line has a syntax error; Terms are those before it.
	Broken bool
}

// Term is one item of a rule: *Condition, *Property or *Verdict.
type Term interface {
	Span() diag.Span
	term()
}

// Condition is trigger=expression.
type Condition struct {
	At   diag.Span
	Name string // canonical, lower case: "url.host.substring", "request.header.User-Agent"
	// Base is the vocabulary's name: "url.host", "request.header"; Arg is the
	// free part of a name such as request.header.NAME; Modifiers are the string
	// modifiers ("substring", "case_sensitive") in source order.
	Base      string
	Arg       string
	Modifiers []string
	Expr      Expr
}

// Property is name(arguments) in property position, also action.NAME(yes).
type Property struct {
	At   diag.Span
	Name string // as in the vocabulary; "detect_protocol", "action"
	Arg  string // free part of the name: LABEL in action.LABEL, P in detect_protocol.P, "[a,b]" in access_log.[a,b]
	Args []Value
}

// Verdict is ALLOW, DENY, FORCE_DENY, exception(...), force_exception(...).
type Verdict struct {
	At   diag.Span
	Name string // "allow" (also for ok), "deny", "deny.unauthorized", "force_deny", "exception", "force_exception"
	Args []Value
}

// Value is one argument or pattern. A nested call such as $(url) stands in Text
// as written.
type Value struct {
	At    diag.Span
	Text  string // without quotes
	Quote byte   // 0, '"' or '\''
}

// Expr is the right side of a condition: *Pattern, *Not, *And, *Or or *List.
type Expr interface {
	Span() diag.Span
	expr()
}

// Pattern is one word or quoted string.
type Pattern struct{ Value }

// Not is !X.
type Not struct {
	At diag.Span
	X  Expr
}

// And is X && Y.
type And struct{ X, Y Expr }

// Or is X || Y.
type Or struct{ X, Y Expr }

// List is (a, b, ...) with two elements or more, or none: true if any element
// is, so the empty list is never true. (a) is read as a.
type List struct {
	At    diag.Span
	Items []Expr
}

// Definition is a define block.
type Definition struct {
	At   diag.Span
	Type string // "condition", "url condition", "url.domain condition", "server_url.domain condition", "subnet", "category", "action", "string", "url_rewrite", ...
	Name string
	// Lines are the body: Terms for conditions, raw Values for subnets,
	// categories and URL lists, text for strings, calls for actions.
	Lines []*Line
	When  []*Directive
}

// Line is one line of a definition's body.
type Line struct {
	At      diag.Span
	Pattern *Pattern // entry of a URL list or category
	Terms   []Term   // conditions of the line
	Call    *Property
	// Values are the entries of a subnet line, which may hold several.
	Values []Value
	Text   string // a line of define string, without its '>', or of a transformer as it stands
	When   []*Directive
}

// Restrict is an anonymous restrict dns or restrict rdns block.
type Restrict struct {
	At     diag.Span
	Type   string // "dns" or "rdns"
	List   []Value
	Except []Value
	When   []*Directive
}

// Directive is one branch of a preprocessor block, as it applies to what stands in it.
type Directive struct {
	At      diag.Span
	Name    string // "release.version", "release.id", "enforcement"
	Value   string // "6.5.10.1..", "universal"
	Negated bool   // in the #else branch
}

func (l *Layer) Span() diag.Span      { return l.At }
func (d *Definition) Span() diag.Span { return d.At }
func (r *Restrict) Span() diag.Span   { return r.At }
func (c *Condition) Span() diag.Span  { return c.At }
func (p *Property) Span() diag.Span   { return p.At }
func (v *Verdict) Span() diag.Span    { return v.At }
func (p *Pattern) Span() diag.Span    { return p.At }
func (n *Not) Span() diag.Span        { return n.At }
func (l *List) Span() diag.Span       { return l.At }
func (a *And) Span() diag.Span        { return join(a.X.Span(), a.Y.Span()) }
func (o *Or) Span() diag.Span         { return join(o.X.Span(), o.Y.Span()) }

func join(a, b diag.Span) diag.Span { return diag.Span{File: a.File, Start: a.Start, End: b.End} }

func (*Layer) item()      {}
func (*Definition) item() {}
func (*Restrict) item()   {}
func (*Condition) term()  {}
func (*Property) term()   {}
func (*Verdict) term()    {}
func (*Pattern) expr()    {}
func (*Not) expr()        {}
func (*And) expr()        {}
func (*Or) expr()         {}
func (*List) expr()       {}
