// Package peers lays other interceptors beside this one: squid, mitmproxy and
// sslsplit, where they are installed. against.sh holds them to the scenarios that any
// interceptor should pass and writes the README's table; bench.sh measures them beside
// the floor. Both are tests that do nothing unless asked.
package peers_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// peer is an interceptor and how it is run.
type peer struct {
	name    string
	program string // "" is this module's own
	version []string
	// hidden peers know their clients' targets from the system only, which redirects
	// them, in a network of the test's own.
	hidden bool
	// prepare writes the peer's files into its folder and gives its command line.
	prepare func(r room) string
	ca      string // the CA's certificate, in the folder
}

// room is where one peer runs.
type room struct {
	dir, estate string
	rehearse    string // this module's program
	port, exit  int
}

// file writes one of the peer's files.
func (r room) file(name, text string) string {
	name = filepath.Join(r.dir, name)
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		panic(err)
	}
	return name
}

// run runs a command that has to succeed.
func (r room) run(program string, args ...string) {
	cmd := exec.Command(program, args...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%s: %v\n%s", program, err, out))
	}
}

// authority makes a CA as openssl makes them: ca.pem, ca.key, and both in both.pem.
func (r room) authority(name string) {
	r.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
		"-subj", "/CN="+name, "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
	r.run("sh", "-c", "cat ca.pem ca.key > both.pem; chmod 644 ca.key both.pem")
}

// peers are all that are known, the README's columns.
func peers() []peer {
	return []peer{
		{name: "squid", program: "squid", version: []string{"-v"}, prepare: prepareSquid, ca: "ca.pem"},
		{name: "mitmproxy", program: "mitmdump", version: []string{"--version"}, prepare: prepareMitmproxy, ca: "mitmproxy-ca-cert.pem"},
		{name: "sslsplit", program: "sslsplit", version: []string{"-V"}, hidden: true, prepare: prepareSSLsplit, ca: "ca.pem"},
		{name: "rehearse", hidden: true, prepare: prepareRehearse, ca: "ca/root.pem"},
	}
}

const certgen = "/usr/lib/squid/security_file_certgen"

func prepareSquid(r room) string {
	r.authority("Squid CA")
	r.run(certgen, "-c", "-s", filepath.Join(r.dir, "certs"), "-M", "4MB")
	conf := r.file("squid.conf", strings.NewReplacer("DIR", r.dir, "PORT", fmt.Sprint(r.port), "EXIT", fmt.Sprint(r.exit)).Replace(squidConf))
	r.run("cp", filepath.Join(r.estate, "root.pem"), "origins.pem")
	if os.Geteuid() == 0 { // squid gives up being root
		r.run("chown", "-R", "proxy", r.dir)
		r.run("chmod", "755", r.dir, filepath.Dir(r.dir), filepath.Dir(filepath.Dir(r.dir))) // and it has to get there
	}
	return fmt.Sprintf("squid -N -n rehearse%d -f %s", r.port, conf)
}

// squidConf decrypts every CONNECT and passes on what is no TLS.
const squidConf = `http_port 127.0.0.1:PORT ssl-bump tls-cert=DIR/both.pem generate-host-certificates=on dynamic_cert_mem_cache_size=4MB
sslcrtd_program ` + certgen + ` -s DIR/certs -M 4MB
acl step1 at_step SslBump1
ssl_bump peek step1
ssl_bump bump all
on_unsupported_protocol tunnel all
tls_outgoing_options cafile=DIR/origins.pem
cache_peer 127.0.0.1 parent EXIT 0 no-query no-digest default connect-timeout=1
never_direct allow all
http_access allow all
cache deny all
access_log none
cache_log DIR/cache.log
coredump_dir DIR
pid_filename none
shutdown_lifetime 0 seconds
visible_hostname squid.test
`

func prepareMitmproxy(r room) string {
	return fmt.Sprintf("mitmdump -q --listen-host 127.0.0.1 -p %d --mode upstream:http://127.0.0.1:%d --set confdir=%s --set ssl_verify_upstream_trusted_ca=%s",
		r.port, r.exit, r.dir, filepath.Join(r.estate, "root.pem"))
}

func prepareSSLsplit(r room) string {
	r.authority("SSLsplit CA")
	return fmt.Sprintf("sslsplit -D -u root -P -k ca.key -c ca.pem ssl 127.0.0.1 %d http 127.0.0.1 %d", r.port, r.port+1)
}

func prepareRehearse(r room) string {
	policy := r.file("detect.cpl", "<SSL-Intercept>\n  ssl.forward_proxy(yes)\n")
	return fmt.Sprintf("%s proxy --transparent --listen 127.0.0.1:%d --policy %s --ca ca --revocation crl,ocsp --dns 127.112.0.53:53 --upstream-trust %s",
		r.rehearse, r.port, policy, filepath.Join(r.estate, "root.pem"))
}

// installed says whether the peer can be run here.
func (p peer) installed() bool {
	for _, program := range p.needs() {
		if _, err := exec.LookPath(program); err != nil {
			return false
		}
	}
	return !p.hidden || exec.Command("unshare", "-rnm", "nft", "list", "ruleset").Run() == nil
}

func (p peer) needs() (programs []string) {
	if p.program != "" {
		programs = append(programs, p.program, "openssl")
	}
	if p.program == "squid" {
		programs = append(programs, certgen)
	}
	if p.hidden {
		programs = append(programs, "unshare", "nft", "ip")
	}
	return append(programs, "bash")
}

// release is the peer's version, in the words of its first line that has one.
func (p peer) release() string {
	if p.program == "" {
		return ""
	}
	out, _ := exec.Command(p.program, p.version...).CombinedOutput()
	return string(regexp.MustCompile(`\d+\.\d+(\.\d+)?`).Find(out))
}

// script runs a peer, and beside it the scenarios of the arguments.
const script = `set -u
cd "$DIR"
if [ "$HIDDEN" = true ]; then
  ip link set lo up
  ip addr add 192.0.2.1/32 dev lo # some resolvers know no IPv4 without it
  nft "table ip rehearse {
    chain out {
      type nat hook output priority -100;
      ip saddr 127.112.1.0/24 ip daddr 127.112.0.0/16 tcp dport 80 redirect to :$HTTP
      ip saddr 127.112.1.0/24 ip daddr 127.112.0.0/16 tcp dport { 443, 5061 } redirect to :$PORT
    }
  }"
fi
$PEER >peer.log 2>&1 &
peer=$!
for i in $(seq 100); do
  (exec 3<>/dev/tcp/127.0.0.1/$PORT) 2>/dev/null && break
  kill -0 $peer 2>/dev/null || break
  sleep 0.1
done
"$REHEARSE" run "$@" >run.log 2>&1
code=$?
kill $peer 2>/dev/null
wait $peer 2>/dev/null
exit $code
`

// against holds a peer to scenarios and gives the report in JSON.
func (p peer) against(t *testing.T, r room, paths ...string) []byte {
	command := p.prepare(r)
	deployment, way := "explicit", []string{"--exit", fmt.Sprintf("127.0.0.1:%d", r.exit)}
	words, http := []string{"bash"}, r.port
	if p.hidden {
		deployment, way, words = "transparent", []string{"--transparent", "--exit", "none"}, []string{"unshare", "-rnm", "bash"}
		if p.program != "" {
			http++
		}
	}
	report := filepath.Join(r.dir, "report.json")
	args := append(append(words[1:], "-c", script, "against", "--against", fmt.Sprintf("127.0.0.1:%d", r.port), "--trust", p.ca,
		"--estate", r.estate, "--filter", "deployment="+deployment, "--report", "json="+report), append(way, paths...)...)
	cmd := exec.Command(words[0], args...)
	cmd.Env = append(os.Environ(), "DIR="+r.dir, fmt.Sprintf("HIDDEN=%v", p.hidden), fmt.Sprintf("PORT=%d", r.port), fmt.Sprintf("HTTP=%d", http),
		"PEER="+command, "REHEARSE="+r.rehearse, "NO_COLOR=1")
	out, _ := cmd.CombinedOutput() // what it comes to stands in the report
	text, err := os.ReadFile(report)
	if err != nil {
		logs, _ := exec.Command("tail", "-n", "20", filepath.Join(r.dir, "run.log"), filepath.Join(r.dir, "peer.log")).CombinedOutput()
		t.Fatalf("%s: %s%s", p.name, out, logs)
	}
	return text
}

// rooms makes a room for each peer, with one root of the simulated servers.
func rooms(t *testing.T, rehearse string) func(name string) room {
	dir := t.TempDir()
	estate := filepath.Join(dir, "estate")
	var out bytes.Buffer
	first := exec.Command(rehearse, "run", "--against", "127.0.0.1:1", "--trust", "none.pem", "--estate", estate)
	first.Stdout, first.Stderr = &out, &out
	_ = first.Run() // nobody is there yet; what is wanted is the root
	if _, err := os.Stat(filepath.Join(estate, "root.pem")); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return func(name string) room {
		r := room{dir: filepath.Join(dir, name), estate: estate, rehearse: rehearse, port: free(t), exit: free(t)}
		if err := os.Mkdir(r.dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return r
	}
}

// free is a port that nobody has at the moment.
func free(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// program builds this module's own.
func program(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "rehearse")
	if out, err := exec.Command("go", "build", "-o", name, "rehearse/cmd/rehearse").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return name
}
