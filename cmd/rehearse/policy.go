package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/txn"
	"rehearse/reports/diag"
)

func (a *app) policy() *cobra.Command {
	c := &cobra.Command{
		Use: "policy", Short: "Ask a policy: what it does to a transaction, and why; what scenarios touch of it",
		Long: `Ask a policy what it does to a transaction and why, count what scenarios touch of it,
and lay it out. Nothing is sent anywhere; cover runs scenarios in virtual time.`,
	}
	c.AddCommand(a.policyTrace(), a.policyWhy(), a.policyCover(), a.policyDead(), a.policyDiff(), a.policyFmt())
	return c
}

// policyFlags say which policy is meant, and for what it is compiled.
type policyFlags struct {
	files       []string
	release     string
	verdict     string
	enforcement string
	keyrings    []string
}

// add puts the flags on a verb.
func (f *policyFlags) add(c *cobra.Command) {
	f.addFiles(c)
	f.addOptions(c)
	c.MarkFlagRequired("policy")
}

// addFiles puts the files on a verb.
func (f *policyFlags) addFiles(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.files, "policy", nil, "CPL `FILE`; may be repeated, in the order of installation")
}

// addOptions puts all but the files on a verb.
func (f *policyFlags) addOptions(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.release, "release", "", "release `R` of the appliance; the newest where it is left out")
	fl.StringVar(&f.verdict, "default", "allow", "the default proxy policy, `allow|deny`")
	fl.StringVar(&f.enforcement, "enforcement", "appliance", "value of #if enforcement=, `appliance|wss`")
	fl.StringArrayVar(&f.keyrings, "keyring", nil, "`NAME` of a keyring that policy may refer to; may be repeated")
}

// options are the flags as policy takes them.
func (f *policyFlags) options() (policy.Options, error) {
	opt := policy.Options{Release: cpl.Newest(), Enforcement: f.enforcement, Keyrings: f.keyrings}
	if f.release != "" {
		r, err := cpl.ParseRelease(f.release)
		if err != nil {
			return opt, usage("--release 6.5.10.1", "%v", err)
		}
		opt.Release = r
	}
	switch strings.ToLower(f.verdict) {
	case "allow":
	case "deny":
		opt.DefaultDeny = true
	default:
		return opt, usage("--default deny", "--default %q: want allow or deny", f.verdict)
	}
	if f.enforcement != "appliance" && f.enforcement != "wss" {
		return opt, usage("--enforcement wss", "--enforcement %q: want appliance or wss", f.enforcement)
	}
	return opt, nil
}

// compiled is a policy with the files it was made of.
type compiled struct {
	*policy.Policy
	files []*cpl.File
	in    *inputs
}

// compile reads and compiles the files. Errors and warnings are shown; an error
// ends the verb.
func (a *app) compile(f policyFlags) (*compiled, error) {
	opt, err := f.options()
	if err != nil {
		return nil, err
	}
	in := &inputs{texts: map[string][]byte{}}
	for _, name := range f.files {
		if err := in.policy(name); err != nil {
			return nil, err
		}
	}
	p, found := policy.Compile(in.policies, opt)
	if err := a.show(append(in.found, found...), in.source); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, told(exitInput)
	}
	return &compiled{p, in.policies, in}, nil
}

// show prints errors and warnings; an error among them ends the verb.
func (a *app) show(found diag.List, src diag.Source) error {
	var list diag.List
	for _, d := range found {
		if d.Severity != diag.Note {
			list = append(list, d)
		}
	}
	list.Sort()
	if err := diag.Render(a.err, list, src); err != nil {
		return unable(err, "")
	}
	if list.HasErrors() {
		return told(exitInput)
	}
	return nil
}

// text reads a file, or standard input for "-".
func (a *app) text(file string) (name string, text []byte, err error) {
	if file == "-" {
		text, err = io.ReadAll(a.in)
		file = "standard input"
	} else {
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return file, nil, unable(err, "give the path of a file, or - for standard input")
	}
	return file, text, nil
}

// transactions reads a file of transactions; several says that it is a list.
func (a *app) transactions(file string) (list []*txn.Transaction, several bool, err error) {
	if file == "" {
		return nil, false, usage("--transaction -", "which transaction? give --transaction FILE")
	}
	name, text, err := a.text(file)
	if err != nil {
		return nil, false, err
	}
	list, found := txn.Parse(name, text)
	if err := a.show(found, func(string) []byte { return text }); err != nil {
		return nil, false, err
	}
	return list, strings.HasPrefix(strings.TrimSpace(string(text)), "["), nil
}

// transaction reads a file that has to hold one transaction.
func (a *app) transaction(file string) (*txn.Transaction, error) {
	list, _, err := a.transactions(file)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, &failure{code: exitInput, err: fmt.Errorf("%s: want one transaction, got %d", file, len(list)), hint: "rehearse policy trace takes a list of them"}
	}
	return list[0], nil
}

// transactionHelp tells the shape of a transaction file.
func transactionHelp() string {
	var b strings.Builder
	b.WriteString(`A transaction is a JSON object; its names are those of CPL conditions, its values
what such a condition would see. Several transactions stand in a list.

  {
    "type": "http.proxy",
    "time": "2026-03-04T10:50:00Z",
    "client.address": "10.1.0.11",
    "proxy.port": 8080,
    "service.name": "Explicit HTTP",
    "http.method": "CONNECT",
    "url": "https://sip.example.com/",
    "request.header.User-Agent": "OC/16.0",
    "detect_protocol": true,
    "checkpoints": [
      {"at": "request"},
      {"at": "first bytes", "tunneled": "no"}
    ]
  }

A value holds from the beginning; a condition sees it from the checkpoint on at
which such a value is known. A value that changes on the way stands in
"checkpoints": each entry names a point and what is new there, and policy is
evaluated at these points. Without "checkpoints" it is evaluated at all of them from
the request on. There are
`)
	var points []string
	for _, at := range txn.Checkpoints() {
		points = append(points, at.String())
	}
	b.WriteString(strings.Join(points, ", ") + ".\n\nNames with a meaning of their own (+ takes a list too):\n\n")
	for _, f := range txn.Fields() {
		mark := " "
		if f.Many {
			mark = "+"
		}
		fmt.Fprintf(&b, "  %-44s%s %s\n", f.Name, mark, f.Doc)
	}
	b.WriteString("\nAny other condition of policy may stand there too: request.application.name, ...\n")
	return b.String()
}
