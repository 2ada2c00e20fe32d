package txn

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/proxy/policy"
	"rehearse/reports/diag"
)

// draft is a transaction while its names are read.
type draft struct {
	tx          policy.Transaction
	name        string
	id, status  int
	clock, date string
	request     headers
	response    headers
	cert        certificate
	other       map[string][]string
}

// headers are the lines of a header by name.
type headers = http.Header

// certificate is what is known of the origin's.
type certificate struct {
	names      []string
	commonName string
	subject    *pkix.Name
}

// clone is a draft that further names can be set on.
func (d *draft) clone() *draft {
	c := *d
	c.request, c.response, c.other = d.request.Clone(), d.response.Clone(), maps.Clone(d.other)
	return &c
}

// header makes the setter of one header; its name arrives as the first value.
func header(of func(*draft) *headers) func(*draft, []string) error {
	return func(d *draft, v []string) error {
		h := of(d)
		if *h == nil {
			*h = headers{}
		}
		(*h)[http.CanonicalHeaderKey(v[0])] = v[1:]
		return nil
	}
}

// Which URL a name is about.
func asked(d *draft) *policy.URL { return &d.tx.URL }
func sent(d *draft) *policy.URL  { return &d.tx.ServerURL }

func part(of func(*draft) *policy.URL, piece func(*policy.URL) *string) func(*draft, []string) error {
	return one(func(d *draft, v string) error {
		u := of(d)
		if piece(u) == &u.Host || piece(u) == &u.Scheme {
			v = strings.ToLower(strings.Trim(v, "[]"))
		}
		*piece(u) = v
		return nil
	})
}

// whole makes the setter of a URL in one text: scheme://host[:port]/path, or
// HOST:PORT as a CONNECT has it.
func whole(of func(*draft) *policy.URL) func(*draft, string) error {
	return func(d *draft, v string) error {
		u, err := parseURL(v)
		if err == nil {
			*of(d) = u
		}
		return err
	}
}

func parseURL(v string) (policy.URL, error) {
	if !strings.Contains(v, "://") {
		v = "tcp://" + v
	}
	u, err := url.Parse(v)
	if err != nil || u.Hostname() == "" {
		return policy.URL{}, fmt.Errorf("got %q, want a URL such as https://www.example.com/", v)
	}
	out := policy.URL{Scheme: strings.ToLower(u.Scheme), Host: strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), Path: u.EscapedPath(), Query: u.RawQuery}
	if a, err := netip.ParseAddr(out.Host); err == nil {
		out.Host = a.Unmap().String()
	}
	if u.Port() == "" {
		out.Port = schemePort(out.Scheme)
		return out, nil
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || n == 0 {
		return policy.URL{}, fmt.Errorf("got %q, want a port from 1 to 65535 in it", v)
	}
	out.Port = uint16(n)
	return out, nil
}

// schemePort is the port of a URL that names none, 0 where the scheme has no own.
func schemePort(scheme string) uint16 {
	switch scheme {
	case "http", "ws":
		return 80
	case "https", "wss", "ssl", "tcp":
		return 443
	case "ftp":
		return 21
	case "rtsp":
		return 554
	case "sips":
		return 5061
	}
	return 0
}

func (d *draft) setSubject(v string) error {
	name := &pkix.Name{}
	for pair := range strings.SplitSeq(v, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		field := map[string]*[]string{"O": &name.Organization, "OU": &name.OrganizationalUnit, "C": &name.Country, "L": &name.Locality, "ST": &name.Province}[strings.ToUpper(key)]
		switch {
		case ok && strings.EqualFold(key, "CN"):
			name.CommonName = value
		case ok && field != nil:
			*field = append(*field, value)
		default:
			return fmt.Errorf("got %q in it, want parts such as CN=www.example.com and the keys CN, O, OU, C, L, ST", pair)
		}
	}
	d.cert.subject = name
	return nil
}

// finish makes the transaction of a draft: what its type says where names were
// left out.
func (d *draft) finish() (*policy.Transaction, error) {
	tx := d.tx
	tx.RequestHeader, tx.ResponseHeader, tx.Other = d.request, d.response, d.other
	tx.ServerCertificate = d.cert.make()
	if err := d.timeOf(&tx); err != nil {
		return nil, err
	}
	if tx.Type == "" {
		tx.Type = policy.HTTPProxy
		if tx.URL.Scheme == "https" && tx.Method != http.MethodConnect {
			tx.Type = policy.HTTPSForwardProxy
		}
	}
	if tx.Method == "" && slices.Contains([]policy.TransactionType{policy.HTTPProxy, policy.HTTPSForwardProxy, policy.CacheRefresh}, tx.Type) {
		tx.Method = http.MethodGet
	}
	completeURL(&tx)
	completeProtocol(&tx)
	return &tx, nil
}

func (d *draft) timeOf(tx *policy.Transaction) error {
	switch {
	case d.clock == "" && d.date == "":
		return nil
	case !tx.Time.IsZero():
		return errors.New("the time stands there twice; want time as 2026-03-04T10:50:00Z, or date and time as 20260304 and 1050")
	case d.clock == "" || d.date == "":
		return errors.New("date and time belong together; want both, as 20260304 and 1050")
	}
	t, err := time.Parse("20060102 1504", d.date+" "+d.clock)
	tx.Time = t
	return err
}

func (c *certificate) make() *x509.Certificate {
	if c.names == nil && c.commonName == "" && c.subject == nil {
		return nil
	}
	cert := &x509.Certificate{DNSNames: c.names}
	if c.subject != nil {
		cert.Subject = *c.subject
	}
	if c.commonName != "" {
		cert.Subject.CommonName = c.commonName
	}
	return cert
}

// completeURL makes a tunnel's URL of any: tcp://host:port/ (facts: 3.1).
func completeURL(tx *policy.Transaction) {
	if tx.URL.Host == "" {
		return
	}
	tunnel := tx.Method == http.MethodConnect
	switch tx.Type {
	case policy.TCPTunnel, policy.SSLIntercept, policy.SSLTunnel:
		tunnel = true
	}
	scheme := tx.URL.Scheme
	switch {
	case tunnel:
		tx.URL.Scheme, tx.URL.Path, tx.URL.Query = "tcp", "/", ""
	case scheme == "":
		tx.URL.Scheme = "http"
	}
	if scheme == "" {
		scheme = tx.URL.Scheme
	}
	if tx.URL.Port == 0 {
		tx.URL.Port = schemePort(scheme)
	}
	if tx.URL.Path == "" {
		tx.URL.Path = "/"
	}
}

// completeProtocol follows the table at policy.Transaction.ClientProtocol.
func completeProtocol(tx *policy.Transaction) {
	protocol, tunneled := "http", policy.No
	switch tx.Type {
	case policy.TCPTunnel:
		protocol, tunneled = "tcp", policy.Yes
	case policy.SSLIntercept, policy.SSLTunnel:
		protocol, tunneled = "ssl", policy.Yes
	case policy.HTTPSForwardProxy:
		protocol = "https"
	case policy.HTTPProxy:
		if tx.Method == http.MethodConnect {
			tunneled = policy.Yes
		}
	case policy.AdminConsole, policy.CacheRefresh, policy.Forwarding:
		return
	}
	if tx.Detecting && (tunneled == policy.Yes && tx.Type != policy.SSLTunnel && tx.Type != policy.SSLIntercept) {
		tunneled = policy.Unknown
	}
	if tx.ClientProtocol == "" {
		tx.ClientProtocol = protocol
	} else if given := innerTunneled(tx.ClientProtocol); given != policy.Unknown && tx.Type == policy.SSLTunnel {
		tunneled = given
	}
	if tx.Tunneled == policy.Unknown {
		tx.Tunneled = tunneled
	}
}

// innerTunneled is tunneled for what was found inside decrypted TLS.
func innerTunneled(protocol string) policy.Ternary {
	switch protocol {
	case "sips", "ms-turn", "https":
		return policy.No
	}
	return policy.Unknown
}

// unknownWord is the error of a word outside a closed set.
func unknownWord(got string, allowed iter.Seq[string]) error {
	words := slices.Collect(allowed)
	if near := diag.Nearest(got, slices.Values(words)); near != "" {
		return &wordError{fmt.Sprintf("got %q, want one of %s", got, strings.Join(words, ", ")), fmt.Sprintf("did you mean %q?", near)}
	}
	return fmt.Errorf("got %q, want one of %s", got, strings.Join(words, ", "))
}

// wordError is an error with a hint.
type wordError struct{ msg, hint string }

func (e *wordError) Error() string { return e.msg }
