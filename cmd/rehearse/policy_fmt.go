package main

import (
	"errors"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// formatFlags are the flags of `rehearse policy fmt`.
type formatFlags struct {
	policy   policyFlags
	write    bool
	diff     bool
	listing  bool
	compiled string
}

func (a *app) policyFmt() *cobra.Command {
	var f formatFlags
	c := &cobra.Command{
		Use:   "fmt FILE...",
		Short: "Lay policy files out in one way, or print the appliance's compiled listing",
		Long: `Print policy files in one layout: names as the reference spells them, one blank
between terms, rules set in below their headers, what rules do in one column and
remarks in another. Comments, preprocessor lines, the order of terms and lines
joined by a "\" are kept; the policy means the same, and formatting it again
changes nothing. - is standard input.

With --listing the files are compiled as one policy, and printed as the
appliance's page of the installed policy shows it: names that stand for others
followed, definitions of one line put in, long lists of domains hashed.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error { return a.format(files, f) },
	}
	fl := c.Flags()
	fl.BoolVarP(&f.write, "write", "w", false, "write the result to the file instead of printing it")
	fl.BoolVarP(&f.diff, "diff", "d", false, "print what would change; exit code 1 when something would")
	fl.BoolVar(&f.listing, "listing", false, "print the compiled listing instead")
	fl.StringVar(&f.compiled, "compiled-at", "", "the `TIME` in the listing's head, 2026-03-04T10:50:00Z; now where it is left out")
	f.policy.addOptions(c)
	c.MarkFlagsMutuallyExclusive("write", "listing")
	c.MarkFlagsMutuallyExclusive("diff", "listing")
	return c
}

func (a *app) format(files []string, f formatFlags) error {
	if f.listing {
		return a.listing(files, f)
	}
	changed, broken := false, false
	for _, file := range files {
		name, text, err := a.text(file)
		if err != nil {
			return err
		}
		after, err := a.formatted(name, text)
		var shown *failure
		switch {
		case errors.As(err, &shown) && shown.silent: // go on: one pass shows every file's errors
			broken = true
			continue
		case err != nil:
			return err
		}
		changed = changed || after != string(text)
		if err := a.put(name, file, string(text), after, f); err != nil {
			return err
		}
	}
	switch {
	case broken:
		return told(exitInput)
	case changed && f.diff:
		return told(exitFailed)
	}
	return nil
}

// formatted is a text in the one layout. Syntax errors are shown.
func (a *app) formatted(name string, text []byte) (string, error) {
	tree, found := cpl.Parse(name, text)
	if err := a.show(found, func(string) []byte { return text }); err != nil {
		return "", err
	}
	out, err := cpl.Format(tree)
	if err != nil {
		return "", unable(err, "")
	}
	return out, nil
}

// put prints or writes a formatted file.
func (a *app) put(name, file, before, after string, f formatFlags) error {
	var err error
	if f.diff {
		_, err = a.out.Write(diff.Diff(name, []byte(before), name+" (formatted)", []byte(after)))
	}
	if f.write && file != "-" && before != after && err == nil {
		err = os.WriteFile(file, []byte(after), 0o644)
	}
	if !f.diff && (!f.write || file == "-") && err == nil {
		_, err = a.out.Write([]byte(after))
	}
	if err != nil {
		return unable(err, "")
	}
	return nil
}

// listing compiles the files and prints the listing.
func (a *app) listing(files []string, f formatFlags) error {
	opt, err := f.policy.options()
	if err != nil {
		return err
	}
	at := time.Now()
	if f.compiled != "" {
		if at, err = time.Parse(time.RFC3339, f.compiled); err != nil {
			return usage("--compiled-at 2026-03-04T10:50:00Z", "--compiled-at %q: want a time such as 2026-03-04T10:50:00Z", f.compiled)
		}
	}
	f.policy.files = files
	p, err := a.compile(f.policy)
	if err != nil {
		return err
	}
	text := cpl.Listing(p.files, cpl.ListingOptions{
		Environment: environment(opt), Compiled: at, DefaultDeny: opt.DefaultDeny,
	})
	if _, err := a.out.Write([]byte(text)); err != nil {
		return unable(err, "")
	}
	return nil
}

// environment is what the preprocessor sees of the options.
func environment(opt policy.Options) cpl.Environment {
	return cpl.Environment{Release: opt.Release, Enforcement: opt.Enforcement}
}
