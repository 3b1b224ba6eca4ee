// What the web page does with the planner: it starts on the curves that stand in the page.
planner(document.getElementById("planner"), JSON.parse(document.getElementById("planner-known").textContent));
