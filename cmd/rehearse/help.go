package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rehearse/reports/diag"
)

// usageTemplate is what --help says below a verb's description.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} VERB{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Verbs:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasHelpSubCommands}}

Topics:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableSubCommands}}

rehearse help VERB says more about a verb{{if .HasHelpSubCommands}} or topic{{end}}.{{end}}
`

const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}
{{end}}{{if or .Runnable .HasSubCommands}}
{{.UsageString}}{{end}}`

// speak has a tree of commands say what is wrong with a command line in the words
// of this program, and help in one layout.
func speak(root *cobra.Command) {
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	root.SetHelpCommand(helpVerb())
	root.SetFlagErrorFunc(wrongFlag)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("")
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		// [flags] only where there are any of its own.
		c.DisableFlagsInUseLine = !c.LocalFlags().HasFlags()
		if c.HasSubCommands() {
			c.Args = verbOnly
			c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
		} else if c.Runnable() {
			c.Args = checked(c.Args)
		}
		for _, sub := range c.Commands() {
			each(sub)
		}
	}
	each(root)
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		c.Short = "Write the completion script of a shell: bash, fish, powershell, zsh"
	}
}

// helpVerb is `rehearse help`.
func helpVerb() *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB...]", Short: "Say more about a verb or topic",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			of, _, err := c.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return slices.Sorted(maps.Keys(verbs(of))), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			of, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return noVerb(of, rest[0], "rehearse help ")
			}
			of.InitDefaultHelpFlag()
			of.InitDefaultVersionFlag()
			return of.Help()
		},
	}
}

// verbs are the verbs and topics below a command, each with its path.
func verbs(c *cobra.Command) map[string]string {
	all := map[string]string{}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			all[sub.Name()] = sub.CommandPath()
		}
	}
	return all
}

// verbOnly refuses what stands where one of a command's verbs should.
func verbOnly(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return noVerb(c, args[0], "")
}

// noVerb tells that a command has no such verb. The verb that was perhaps meant is
// what to type; lead stands before it in place of "rehearse ".
func noVerb(c *cobra.Command, got, lead string) error {
	all := verbs(c)
	if len(all) == 0 {
		return usage(c.CommandPath()+" --help", "%s has no verb %q", c.CommandPath(), got)
	}
	names := slices.Sorted(maps.Keys(all))
	hint := c.CommandPath() + " --help"
	if near := diag.Nearest(got, slices.Values(names)); near != "" {
		hint = all[near]
		if lead != "" {
			hint = lead + strings.TrimPrefix(all[near], "rehearse ")
		}
	}
	return usage(hint, "no verb %q of %s; there are %s", got, c.CommandPath(), strings.Join(names, ", "))
}

// arguments takes n arguments, which are called what.
func arguments(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage(c.CommandPath()+" --help", "%s takes %s, got %d", c.CommandPath(), what, len(args))
	}
}

// checked has a verb's arguments, and the flags that it cannot do without, looked
// at in one go.
func checked(takes cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		help := c.CommandPath() + " --help"
		if takes != nil {
			if err := takes(c, args); errors.As(err, new(*failure)) {
				return err
			} else if err != nil && cobra.NoArgs(c, args) != nil {
				return usage(help, "%s takes flags only, got %q", c.CommandPath(), args[0])
			} else if err != nil {
				return usage(help, "%v", err)
			}
		}
		var missing []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0 && !f.Changed {
				missing = append(missing, flagForm(f))
			}
		})
		if len(missing) > 0 {
			return usage(help, "%s wants %s", c.CommandPath(), strings.Join(missing, " and "))
		}
		return nil
	}
}

// flagForm is a flag as it is written: "--policy FILE".
func flagForm(f *pflag.Flag) string {
	value, _ := pflag.UnquoteUsage(f)
	return strings.TrimSpace("--" + f.Name + " " + value)
}

// wrongFlag tells what is wrong with a flag of a command.
func wrongFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var wants *pflag.ValueRequiredError
	var value *pflag.InvalidValueError
	help := c.CommandPath() + " --help"
	switch {
	case errors.As(err, &unknown):
		if args := c.Flags().Args(); len(args) > 0 && c.HasSubCommands() {
			return verbOnly(c, args) // the flag is one of a verb that is misspelt
		}
		name := unknown.GetSpecifiedName()
		if near := diag.Nearest(name, flagNames(c)); near != "" && len(name) > 1 {
			help = flagForm(c.Flags().Lookup(near))
		}
		return usage(help, "%s has no flag %s", c.CommandPath(), dashed(name))
	case errors.As(err, &wants):
		what, _ := pflag.UnquoteUsage(wants.GetFlag())
		return usage(help, "%s wants a value: %s", dashed(wants.GetSpecifiedName()), what)
	case errors.As(err, &value):
		f := value.GetFlag()
		return usage(help, "--%s %q: want %s", f.Name, value.GetValue(), kindOf(f))
	}
	return usage(help, "%v", err)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// kindOf is what a flag takes, in words.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "uint":
		return "a number"
	case "duration":
		return "a duration such as 30s or 2m"
	case "bool":
		return "true or false"
	}
	return "a " + f.Value.Type()
}

func flagNames(c *cobra.Command) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		more := true
		c.Flags().VisitAll(func(f *pflag.Flag) { more = more && (f.Hidden || yield(f.Name)) })
	}
}

// exitCodesTopic is `rehearse help exit-codes`.
func exitCodesTopic() *cobra.Command {
	text := "Exit codes:\n"
	for _, e := range exitCodes {
		text += fmt.Sprintf("\n  %-4d %s", e.code, e.text)
	}
	return &cobra.Command{Use: "exit-codes", Short: "What each exit code means", Long: text}
}
