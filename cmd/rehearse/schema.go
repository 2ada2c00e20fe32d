package main

import (
	"github.com/spf13/cobra"

	"rehearse/reports"
	"rehearse/simulator/scenario"
)

func (a *app) schema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [scenario|report]",
		Short: "Print the JSON Schema of scenario files, or of the JSON report",
		Long: `Print a JSON Schema (draft 2020-12). That of scenario files is for editors: saved
beside them, a first line tells editors that know the YAML language server of it:

  # yaml-language-server: $schema=scenario.schema.json

That of the JSON report is for programs that read what --report json=FILE wrote.`,
		ValidArgs: []string{"scenario", "report"},
		Args:      cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := schemaOf(args)
			if err != nil {
				return err
			}
			if _, err := a.out.Write(text); err != nil {
				return unable(err, "")
			}
			return nil
		},
	}
}

func schemaOf(args []string) ([]byte, error) {
	switch {
	case len(args) == 0, args[0] == "scenario":
		text, err := scenario.Schema()
		if err != nil {
			return nil, unable(err, "")
		}
		return text, nil
	case args[0] == "report":
		return reports.JSONSchema(), nil
	}
	return nil, usage("rehearse schema report", "no schema %q; there are scenario, report", args[0])
}
