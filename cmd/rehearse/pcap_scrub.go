package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"rehearse/pcaps/capture"
	"rehearse/pcaps/diagnose"
	"rehearse/pcaps/scrub"
	"rehearse/pcaps/story"
)

func (a *app) pcapScrub() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "scrub FILE -o OUT",
		Short: "Make a capture fit to be shared: other names, no payload",
		Long: `Write a capture anew with other names, users and addresses (the same one always the
same other one), certificates of the same shape with other names and keys, and
meaningless bytes in the place of what was encrypted or is of no known protocol.
Keys, comments and host names in the file are left out. Everything keeps its length.

Afterwards both captures are diagnosed, the first one without its keys; exit code 1
says that the diagnosis is another. What is special to one protocol beyond those that
pcap info knows may stay: look at the result before you share it.`,
		Example: `  rehearse pcap scrub office.pcapng -o for-the-vendor.pcapng`,
		Args:    arguments(1, "one capture"),
		RunE: func(_ *cobra.Command, files []string) error {
			if out == "" {
				return usage("-o OUT", "pcap scrub wants -o with the file to write")
			}
			return a.scrubCapture(files[0], out)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "write the capture to `OUT`")
	return c
}

func (a *app) scrubCapture(file, out string) error {
	_, text, err := a.text(file)
	if err != nil {
		return err
	}
	var scrubbed bytes.Buffer
	r, err := scrub.Capture(&scrubbed, bytes.NewReader(text))
	switch {
	case errors.Is(err, capture.ErrNotCapture):
		return &failure{code: exitInput, err: &nameError{file, err}, hint: "captures are pcap or pcapng files, also gzipped"}
	case err != nil:
		return unable(&nameError{file, err}, "")
	}
	if err := os.WriteFile(out, scrubbed.Bytes(), 0o644); err != nil {
		return unable(err, "give -o a file that can be written")
	}
	fmt.Fprintf(a.out, "%s: %s written, %d left out, %s renamed\n", out, counted(r.Written, "packet"), r.Left, counted(r.Names, "word"))
	if r.Damage != "" {
		fmt.Fprintf(a.out, "damaged: %s\n", r.Damage)
	}
	return a.sameDiagnosis(text, scrubbed.Bytes())
}

// sameDiagnosis says whether two captures have the same causes.
func (a *app) sameDiagnosis(before, after []byte) error {
	was, err := causesOf(before)
	if err != nil {
		return err
	}
	is, err := causesOf(after)
	if err != nil {
		return err
	}
	if slices.Equal(was, is) {
		fmt.Fprintf(a.out, "the diagnosis is the same: %s\n", counted(len(is), "cause"))
		return nil
	}
	fmt.Fprintf(a.out, "the diagnosis is another: it was %q, it is %q\n", was, is)
	return told(exitFailed)
}

// causesOf are the causes in a capture, without its keys, sorted.
func causesOf(text []byte) ([]string, error) {
	s, err := story.Read(bytes.NewReader(text), story.Options{Events: true, Locked: true})
	if err != nil {
		return nil, unable(err, "")
	}
	all := []string{}
	for _, f := range diagnose.Diagnose(s.Events).Findings {
		all = append(all, f.Cause)
	}
	slices.Sort(all)
	return all, nil
}
