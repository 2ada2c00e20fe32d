package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"rehearse/pcaps/capture"
	"rehearse/pcaps/story"
)

func (a *app) pcap() *cobra.Command {
	c := &cobra.Command{
		Use: "pcap", Short: "Read captures: what is in them, and why it failed", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.pcapInfo(), a.pcapDiagnose(), a.pcapScenario(), a.pcapVerify(), a.pcapScrub())
	return c
}

// readCapture reads one capture with a live line at a terminal.
func (a *app) readCapture(ctx context.Context, file string, opt story.Options) (*story.Summary, error) {
	line := newProgress(a.err, file)
	opt.Progress = func(packets int) error {
		line.update(packets)
		return ctx.Err()
	}
	defer line.clear()
	return a.story(file, opt)
}

// story reads one capture, from standard input for "-". With an error there can be
// a Summary of what came before it.
func (a *app) story(file string, opt story.Options) (*story.Summary, error) {
	var src io.Reader = a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, unable(err, "give the path of a capture, or - for standard input")
		}
		defer f.Close()
		src = f
	}
	s, err := story.Read(src, opt)
	switch {
	case errors.Is(err, capture.ErrNotCapture):
		return nil, &failure{code: exitInput, err: &nameError{file, err}, hint: "captures are pcap or pcapng files, also gzipped"}
	case s == nil:
		return nil, unable(&nameError{file, err}, "")
	}
	s.File = file
	if err != nil {
		err = unable(&nameError{file, err}, "")
	}
	return s, err
}

// nameError puts a file's name before an error.
type nameError struct {
	name string
	err  error
}

func (e *nameError) Error() string { return e.name + ": " + e.err.Error() }
func (e *nameError) Unwrap() error { return e.err }
