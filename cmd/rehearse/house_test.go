package main_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of the house, as far as a program can see them: who may import
// whom, how long files and functions are, who prints, and what lies where.
// They are held against the sources themselves; nothing is built.

// source is one Go file of the module.
type source struct {
	path  string // from the module's root, with slashes
	dir   string
	test  bool // a _test.go file, or of a package that only tests import
	lines int
	fset  *token.FileSet
	file  *ast.File
}

const root = "../.."

// sources parses every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(rel), lines: bytes.Count(text, []byte("\n")), fset: token.NewFileSet()}
		s.dir = path.Dir(s.path)
		s.test = strings.HasSuffix(s.path, "_test.go") || strings.HasSuffix(s.dir, "test")
		s.file, err = parser.ParseFile(s.fset, s.path, text, parser.ParseComments)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// imports is what the file imports: module packages without the module's name,
// the rest as they are.
func (s source) imports() (own, others []string) {
	for _, spec := range s.file.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if rest, mine := strings.CutPrefix(p, "rehearse/"); mine {
			own = append(own, rest)
		} else {
			others = append(others, p)
		}
	}
	return own, others
}

// under says whether a package is one of the trees or lies below one.
func under(pkg string, trees ...string) bool {
	return slices.ContainsFunc(trees, func(t string) bool { return pkg == t || strings.HasPrefix(pkg, t+"/") })
}

// leaves are the packages that stand on the standard library and golang.org/x
// alone (and on one another within a tree).
func leaves() []string { return []string{"reports/diag", "reports/journal", "proxy/wire"} }

func TestImportsPointOneWay(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		own, others := s.imports()
		for _, to := range own {
			switch {
			case under(to, "cmd"):
				t.Errorf("%s imports %s: nothing imports cmd", s.path, to)
			case under(s.dir, "proxy") && under(to, "simulator", "pcaps", "scenarios"):
				t.Errorf("%s imports %s: proxy knows policy and bytes, not %s", s.path, to, path.Dir(to+"/"))
			case s.dir == "reports" && !under(to, "reports/diag", "reports/journal"):
				t.Errorf("%s imports %s: reports imports its two leaves only", s.path, to)
			case under(s.dir, "simulator/scenario") && under(to, "simulator/run"):
				t.Errorf("%s imports %s: the text of scenarios knows nothing of running", s.path, to)
			case under(s.dir, "scenarios"):
				t.Errorf("%s imports %s: scenarios are data", s.path, to)
			}
			for _, leaf := range leaves() {
				if under(s.dir, leaf) && !under(to, leaf) {
					t.Errorf("%s imports %s: %s is a leaf", s.path, to, leaf)
				}
			}
		}
		for _, to := range others {
			if domain, _, _ := strings.Cut(to, "/"); under(s.dir, leaves()...) && strings.Contains(domain, ".") && domain != "golang.org" {
				t.Errorf("%s imports %s: a leaf imports the standard library and golang.org/x only", s.path, to)
			}
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	const maxFile, maxSpecs, maxFunction = 500, 700, 80
	for _, s := range sources(t) {
		limit := maxFile
		if strings.HasSuffix(s.path, "_test.go") {
			limit = maxSpecs
		}
		if s.lines > limit {
			t.Errorf("%s has %d lines, at most %d are allowed", s.path, s.lines, limit)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || isTable(f) || s.test {
				continue
			}
			if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > maxFunction {
				t.Errorf("%s: %s has %d lines, at most %d are allowed", s.path, f.Name.Name, n, maxFunction)
			}
		}
	}
}

// isTable says whether a function is one literal that it returns: rows, not
// steps.
func isTable(f *ast.FuncDecl) bool {
	if len(f.Body.List) != 1 {
		return false
	}
	ret, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	_, ok = ret.Results[0].(*ast.CompositeLit)
	return ok
}

func TestNobodyPrintsOrExitsBelowCmd(t *testing.T) {
	forbidden := map[string][]string{
		"fmt": {"Print", "Printf", "Println"}, "os": {"Exit", "Stdout", "Stderr"}, "log": {"Print", "Printf", "Println", "Fatal", "Fatalf", "Panic"},
	}
	for _, s := range sources(t) {
		if s.test || under(s.dir, "cmd") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Obj == nil && slices.Contains(forbidden[pkg.Name], sel.Sel.Name) {
					t.Errorf("%s: %s.%s below cmd", s.fset.Position(n.Pos()), pkg.Name, sel.Sel.Name)
				}
			}
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") && f.Obj == nil {
					t.Errorf("%s: %s below cmd", s.fset.Position(n.Pos()), f.Name)
				}
			}
			return true
		})
	}
}

func TestNothingHappensAtStart(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "init" && f.Recv == nil {
				t.Errorf("%s: init function; registration is a table", s.fset.Position(f.Pos()))
			}
		}
		for _, spec := range s.file.Imports {
			// Hashes link themselves in; that is how crypto.Hash works.
			if spec.Name != nil && spec.Name.Name == "_" && !strings.HasPrefix(spec.Path.Value, `"crypto/`) && spec.Path.Value != `"embed"` {
				t.Errorf("%s: blank import of %s", s.path, spec.Path.Value)
			}
		}
	}
}

func TestEveryPackageIntroducesItself(t *testing.T) {
	introduced := map[string]bool{}
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		introduced[s.dir] = introduced[s.dir] || s.file.Doc != nil
	}
	for dir, ok := range introduced {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestEverythingHasItsPlace(t *testing.T) {
	top := []string{"cmd", "simulator", "scenarios", "proxy", "pcaps", "reports", "go.mod", "go.sum", "README.md", "LICENSE"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(top, e.Name()) && !built(e.Name()) {
			t.Errorf("%s at the top: allowed are %s, and names with a dot in front", e.Name(), strings.Join(top, ", "))
		}
	}
	for _, s := range sources(t) {
		if under(s.dir, "scenarios") && s.dir != "scenarios" {
			t.Errorf("%s: code in a folder of scenarios", s.path)
		}
	}
}

// built says whether a name is what a build leaves behind and git ignores.
func built(name string) bool {
	return name == "rehearse" || strings.HasSuffix(name, ".test") || strings.HasSuffix(name, ".out")
}
