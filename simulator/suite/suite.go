// Package suite brings rehearsals into suites of one's own: a folder of scenario
// files as Ginkgo specs, and matchers for what came out.
//
// A folder becomes a spec for each variant of each file, inside a container:
//
//	var _ = Describe("our policy", func() {
//		suite.Specs(os.DirFS("rehearsals"), suite.Options{})
//	})
//
// All that Ginkgo does to specs it does to these: label filters (a scenario's labels
// are the spec's, its settings are labels such as "release:6.5.10.1"), parallel
// processes, focus, its own reporters. A spec that fails says what the console of
// `rehearse run` would say.
//
// A scenario can be played in any test, too, and its steps held to matchers:
//
//	one := suite.Play(t, os.DirFS("rehearsals"), "sign-in.yaml")[0]
//	Expect(one).To(suite.HavePassed())
//	Expect(suite.Step(one, "alice", "sign in")).To(suite.EndWith("CRYPT_E_NO_REVOCATION_CHECK"))
//
// Each is played in a bubble of virtual time, so what waits costs nothing.
package suite

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"

	"rehearse/reports"
	"rehearse/reports/diag"
	"rehearse/simulator/run"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// Options say how scenarios are played.
type Options struct {
	// Override puts a release or a policy in the place of what scenarios say. What
	// can be known to be wrong with a scenario is then left to its run.
	Override run.Override
	// Watch sees what policies decide; it may be nil.
	Watch run.Watcher
}

// Specs makes a spec of each variant of the scenario files in fsys, in a container
// a file; it is called where specs are made, inside a Describe. Files whose name
// begins with "_" are only there to be extended.
func Specs(fsys fs.FS, opt Options) {
	files, err := scenarioFiles(fsys)
	if err != nil || len(files) == 0 {
		ginkgo.It("there are scenario files", func() { ginkgo.Fail(fmt.Sprintf("none was found: %v", err)) })
	}
	for _, file := range files {
		f, list := scenario.Load(fsys, file, "")
		ginkgo.Describe(title(file, f.Name), func() {
			if list.HasErrors() {
				ginkgo.It("can be read", func() { ginkgo.Fail(rendered(list, f)) })
			}
			for _, s := range f.Variants {
				opt.spec(f, s)
			}
		})
	}
}

func scenarioFiles(fsys fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		ext := path.Ext(p)
		if err == nil && !d.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(path.Base(p), "_") {
			files = append(files, p)
		}
		return err
	})
	return files, err
}

func title(file, name string) string {
	if name == "" {
		return file
	}
	return fmt.Sprintf("%s (%s)", name, file)
}

// spec is that of one variant.
func (o Options) spec(f *scenario.File, s *scenario.Scenario) {
	text := "comes out as expected"
	var settings []string
	labels := slices.Clone(s.Labels)
	for _, a := range s.Variant {
		settings = append(settings, a.Name+"="+a.Value)
	}
	if len(settings) > 0 {
		text += ": " + strings.Join(settings, ", ")
	}
	if s.Appliance.Deployment != scenario.None {
		labels = append(labels, "release:"+s.Appliance.Release.String())
	}
	labels = append(labels, "deployment:"+string(s.Appliance.Deployment))
	ginkgo.It(text, ginkgo.Label(labels...), func() {
		one := o.play(ginkgo.GinkgoTB(), f, s)
		ginkgo.AddReportEntry("steps", told(one), ginkgo.ReportEntryVisibilityFailureOrVerbose)
		if one.Verdict != reports.Passed {
			ginkgo.Fail(one.FailureText())
		}
	})
}

// told is a scenario in few lines, for the reports of a suite.
func told(s *reports.Scenario) string {
	var lines []string
	for _, step := range s.Steps {
		lines = append(lines, fmt.Sprintf("%s %s: %s", step.Actor, step.Action, step.Outcome))
	}
	return strings.Join(lines, "\n")
}

// play plays one variant. What is wrong with it before it runs fails the test.
func (o Options) play(t testing.TB, f *scenario.File, s *scenario.Scenario) *reports.Scenario {
	t.Helper()
	if o.Override == (run.Override{}) {
		if list := run.Check(s); list.HasErrors() {
			t.Fatal(rendered(list, f))
		}
	}
	o.Override.Apply(s)
	rep, err := run.Run(context.Background(), []*scenario.Scenario{s}, run.Options{
		Bubble: func(work func()) { worldtest.Bubble(t, work) }, Watch: o.Watch,
		Source: func(name string) []byte { return f.Texts[name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	return &rep.Scenarios[0]
}

// Play plays the variants of a scenario file, in the order of its matrix. A file that
// cannot be read, or does not check, fails the test; what did not come out as
// expected does not. In a spec, t is GinkgoTB().
func Play(t testing.TB, fsys fs.FS, file string) []*reports.Scenario {
	t.Helper()
	return Options{}.Play(t, fsys, file)
}

// Play is the function of this name, with options.
func (o Options) Play(t testing.TB, fsys fs.FS, file string) []*reports.Scenario {
	t.Helper()
	f, list := scenario.Load(fsys, file, "")
	if list.HasErrors() {
		t.Fatal(rendered(list, f))
	}
	var all []*reports.Scenario
	for _, s := range f.Variants {
		all = append(all, o.play(t, f, s))
	}
	return all
}

// rendered are diagnostics as text, with the lines that they are about.
func rendered(list diag.List, f *scenario.File) string {
	var b strings.Builder
	_ = diag.Render(&b, list, func(name string) []byte { return f.Texts[name] }) // a builder takes everything
	return b.String()
}
