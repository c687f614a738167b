/** A small template that is right in every way; tests break it in one way each. */
export const SHOP = `apiVersion: sealift.dev/v1
kind: Application
name: shop
logo: ./logo.svg
release: {version: 1.2.0, notes: ./notes.md, upgradeFrom: ">=1.0.0"}
requires: {disk: 2Gi, memory: 1Gi, ports: [8080], arch: [amd64], engine: ">=20.10"}
parameters:
  - {name: domain, type: string, default: shop.local}
  - {name: port, type: number, default: 8080, min: 1, max: 65535}
modules:
  - {name: core, default: true}
  - {name: reporting, default: false, requires: [core]}
components:
  - name: db
    module: core
    workload: stateful
    image: docker.io/library/mariadb:10.11
    ports: [{name: mysql, port: 3306}]
    env:
      - {name: MARIADB_PASSWORD, value: "\${self.DB_PASSWORD}"}
    connection:
      - {name: DB_HOST, value: "\${self.host}"}
      - {name: DB_PORT, value: "\${self.ports.mysql}"}
      - {name: DB_PASSWORD, generate: {length: 24}}
    volumes: [{name: data, path: /var/lib/mysql, size: 1Gi}]
    files: [{path: /etc/mysql/conf.d/site.cnf, source: ./files/site.cnf, mode: "0644"}]
    probes: {startup: {}, readiness: {exec: [mariadb-admin, ping], interval: 1s}}
    resources: {cpu: "1", memory: 512Mi}
  - name: migrate
    module: core
    workload: job
    image: shop/web:1.2
    dependsOn: [{component: db}]
  - name: web
    module: core
    workload: stateless
    image: shop/web:1.2
    dependsOn:
      - {component: db}
      - {component: migrate}
    ports: [{name: http, port: 8080, public: {kind: http, hostPort: "\${parameters.port}"}}]
    env:
      - {name: DOMAIN, value: "\${parameters.domain}"}
    connection: [{name: WEB_URL, value: "http://\${self.host}:\${self.ports.http}"}]
    probes: {readiness: {http: {port: http, path: /healthz}}}
    scaling: {min: 1, max: 4}
  - name: reports
    module: reporting
    workload: cron
    schedule: "0 3 * * *"
    image: shop/reports:1.2
    dependsOn: [{component: db}]
routes: [{host: "\${parameters.domain}", path: /, component: web, port: http}]
checks: [{name: can-buy, image: "shop/check:1.2", dependsOn: [{component: web}]}]
`

/** The template with one text in it replaced, which must be there exactly once. */
export function brokenShop(before: string, after: string): string {
  const parts = SHOP.split(before)
  if (parts.length !== 2) throw new TypeError(`${JSON.stringify(before)} is there ${parts.length - 1} times`)
  return parts.join(after)
}
