const fs = require("fs");
const parts = ["src/work.js", "src/main.js"].map((name) => fs.readFileSync(name, "utf8"));
if (parts[0].includes("undeclared")) throw new Error("undeclared in src/work.js");
fs.mkdirSync("build");
fs.writeFileSync("build/app.js", parts.join(""));
