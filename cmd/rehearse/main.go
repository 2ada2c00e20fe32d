// Command rehearse rehearses a TLS-interception policy before its users do.
//
// This package is thin: one file a verb, every sentence that several verbs print
// in words.go, and the work below simulator, proxy and reports.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { withBubbles(rehearse) }

// rehearse runs the command line of the process and gives its exit status.
func rehearse(bubble func(func())) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process
	app := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, bubble: bubble}
	root := app.root()
	speak(root)
	root.SetArgs(os.Args[1:])
	c, err := root.ExecuteContextC(ctx)
	return report(app.err, err, c.CommandPath())
}

// app is what the verbs share: where they print, and virtual time.
type app struct {
	in       io.Reader
	out, err io.Writer
	bubble   func(func())
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "rehearse", Short: short, Long: long, Version: version(),
		SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(a.coordinate(), a.work())
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetVersionTemplate("rehearse {{.Version}}\n")
	root.AddCommand(a.run(), a.check(), a.policy(), a.list(), a.explain(), a.client(), a.report(), a.schema(), a.init(), a.loadTest(), a.serve(), a.proxy(), a.pcap(), exitCodesTopic())
	return root
}

// version is the module's version as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development build"
	}
	return info.Main.Version
}
